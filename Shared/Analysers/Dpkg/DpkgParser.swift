import LayerArchive
import Model

/// The paragraphs of a dpkg status file (deb-control(5), dpkg(1) §Package states).
enum DpkgParser {
    private struct Paragraph {
        var package = ""
        var version = ""
        var architecture = ""
        var source = ""
        var status = ""
        var hasFields = false
    }

    /// - Parameter statusIsImplied: the file is a distroless `status.d` piece, which has no Status line.
    static func packages(_ bytes: UnsafeRawBufferPointer, statusIsImplied: Bool) throws(AnalysisError) -> [FoundPackage]
    {
        var packages: [FoundPackage] = []
        var paragraph = Paragraph()
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            guard let first = line.first else {
                if let found = try package(paragraph, statusIsImplied, line: number) { packages.append(found) }
                try AnalysisLimits.check(packages: packages.count)
                paragraph = Paragraph()
                continue
            }
            // A continuation of the last field; none that is read here has any.
            if first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
                // A line of nothing but spaces ends no paragraph in a status file.
                guard paragraph.hasFields || line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
                    throw AnalysisError("line \(number) continues no field")
                }
                continue
            }
            guard line.contains(UInt8(ascii: ":")) else { throw AnalysisError("line \(number) is no field") }
            paragraph.hasFields = true
            read(line, into: &paragraph)
        }
        // The last paragraph may lack its blank line.
        if let found = try package(paragraph, statusIsImplied, line: number) { packages.append(found) }
        return packages
    }

    /// The files of one package, an absolute path a line. `name` is the list's: `PACKAGE.list`, or `PACKAGE:ARCH.list`
    /// where several architectures may be installed (dpkg-query(1) §Files).
    static func files(_ bytes: UnsafeRawBufferPointer, of name: ArraySlice<UInt8>) -> FileFindings {
        let package = name.dropLast(".list".utf8.count).prefix { $0 != UInt8(ascii: ":") }
        let owner = String(decoding: package, as: UTF8.self)
        let owned = LineReader(bytes).filter { OwnedFile.mayBe($0) }.compactMap { EntryPath($0) }
        return FileFindings(owned: owned.map { OwnedFile(path: $0, owner: owner) })
    }

    /// The same for distroless images: `PACKAGE.md5sums` in `status.d`, a digest and a path without its slash a line
    /// (deb-md5sums(5)).
    static func digestedFiles(_ bytes: UnsafeRawBufferPointer, of name: ArraySlice<UInt8>) -> FileFindings {
        let owner = String(decoding: name.dropLast(".md5sums".utf8.count), as: UTF8.self)
        let paths = LineReader(bytes).map { $0.drop { $0 != UInt8(ascii: " ") }.drop { $0 == UInt8(ascii: " ") } }
        let owned = paths.filter { OwnedFile.mayBe($0) }.compactMap { EntryPath($0) }
        return FileFindings(owned: owned.map { OwnedFile(path: $0, owner: owner) })
    }

    private static func read(_ line: Slice<UnsafeRawBufferPointer>, into paragraph: inout Paragraph) {
        if line.isField("Package") {
            paragraph.package = line.fieldValue
        } else if line.isField("Version") {
            paragraph.version = line.fieldValue
        } else if line.isField("Architecture") {
            paragraph.architecture = line.fieldValue
        } else if line.isField("Source") {
            paragraph.source = line.fieldValue
        } else if line.isField("Status") {
            paragraph.status = line.fieldValue
        }
    }

    /// - Returns: nil for a paragraph of a package that is not installed.
    private static func package(
        _ paragraph: Paragraph, _ statusIsImplied: Bool, line: Int
    ) throws(AnalysisError) -> FoundPackage? {
        guard paragraph.hasFields else { return nil }
        guard !paragraph.package.isEmpty else {
            throw AnalysisError("the paragraph before line \(line) names no package")
        }
        guard try isInstalled(paragraph, statusIsImplied) else { return nil }
        guard !paragraph.version.isEmpty else { throw AnalysisError("package \(paragraph.package) has no version") }
        return FoundPackage(
            name: paragraph.package, version: paragraph.version, type: .deb,
            architecture: paragraph.architecture.isEmpty ? nil : paragraph.architecture, source: source(paragraph))
    }

    /// The third word decides: files of a package are there unless it is not installed or only its configuration is
    /// left.
    private static func isInstalled(_ paragraph: Paragraph, _ statusIsImplied: Bool) throws(AnalysisError) -> Bool {
        if paragraph.status.isEmpty {
            if statusIsImplied { return true }
            throw AnalysisError("package \(paragraph.package) has no status")
        }
        let words = paragraph.status.split(separator: " ")
        guard words.count == 3 else {
            throw AnalysisError("package \(paragraph.package) has the status “\(paragraph.status.prefix(60))”")
        }
        switch words[2] {
        case "installed", "unpacked", "half-configured", "half-installed", "triggers-awaited", "triggers-pending":
            return true
        case "config-files", "not-installed": return false
        default: throw AnalysisError("package \(paragraph.package) has the state “\(words[2].prefix(60))”")
        }
    }

    /// `Source: name (version)`; a missing part is the binary package's own. Binary rebuilds (`+b1`) state the version.
    private static func source(_ paragraph: Paragraph) -> Package.Source {
        let text = paragraph.source
        guard !text.isEmpty else { return Package.Source(name: paragraph.package, version: paragraph.version) }
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
            return Package.Source(name: text, version: paragraph.version)
        }
        let name = text[..<open].split(separator: " ").first.map(String.init) ?? paragraph.package
        return Package.Source(name: name, version: text[text.index(after: open)..<close].filter { $0 != " " })
    }
}
