import LayerArchive
import Model

/// Debian packages: `var/lib/dpkg/status`, and the one file a package in `status.d` of distroless images. The lists in
/// `info`, in distroless images the digests in `status.d`, say which metadata of other ecosystems a package brought;
/// `copyright` says its licences.
struct DpkgAnalyser: Analyser {
    let name = "dpkg"
    let version = 6
    let rules: [FileRule] = [
        .path("var/lib/dpkg/status", database: .deb),
        .directory("var/lib/dpkg/status.d", exceptSuffixes: [".md5sums"], database: .deb),
        .directory("var/lib/dpkg/info", suffix: ".list", mayBeEmpty: true),
        .directory("var/lib/dpkg/status.d", suffix: ".md5sums", mayBeEmpty: true),
        FileRule.named("copyright", below: "doc").forFew.optional,
    ]

    /// Where a package states its licences (Debian policy §12.5).
    static func copyright(of package: String) -> EntryPath? { EntryPath("usr/share/doc/\(package)/copyright") }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        if path.bytes.hasSuffix(Array(".list".utf8)) { return DpkgParser.files(bytes, of: path.name) }
        if path.bytes.hasSuffix(Array(".md5sums".utf8)) { return DpkgParser.digestedFiles(bytes, of: path.name) }
        if path.name.elementsEqual("copyright".utf8) {
            return FileFindings(licenses: CopyrightFile.licenses(bytes))
        }
        let isPiece = path.parent.name.elementsEqual("status.d".utf8)
        return FileFindings(packages: try DpkgParser.packages(bytes, statusIsImplied: isPiece))
    }
}
