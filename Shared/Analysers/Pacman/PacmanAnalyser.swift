import LayerArchive
import Model

/// Arch Linux packages: a folder a package in `var/lib/pacman/local`, with its description and its files.
struct PacmanAnalyser: Analyser {
    let name = "pacman"
    let version = 3
    let rules: [FileRule] = [
        .path("var/lib/pacman/local/ALPM_DB_VERSION", needsContent: false, database: .alpm),
        .named("desc", below: "pacman").databasePiece, .named("files", below: "pacman").databasePiece,
    ]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        guard path.parent.parent.bytes.hasSuffix(Array("pacman/local".utf8)) else { return FileFindings() }
        if path.name.elementsEqual("desc".utf8) { return FileFindings(packages: [try PacmanParser.package(bytes)]) }
        return PacmanParser.files(bytes, of: path.parent.name)
    }
}
