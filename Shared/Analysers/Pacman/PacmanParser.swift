import LayerArchive
import Model

/// Sections of lines: `%NAME%`, its values, an empty line (libalpm's `be_local.c`).
enum PacmanParser {
    static func package(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FoundPackage {
        let sections = try sections(bytes)
        func first(_ name: String) -> String? { sections[name]?.first }
        guard let name = first("NAME") else { throw AnalysisError("it states no name") }
        guard let version = first("VERSION") else { throw AnalysisError("it states no version for \(name.prefix(60))") }
        // A package of several from one source names it; advisories speak of either.
        let source = first("BASE").map { Package.Source(name: $0, version: version) }
        return FoundPackage(
            name: name, version: version, type: .alpm, architecture: first("ARCH"), source: source,
            licenses: sections["LICENSE"] ?? [])
    }

    private static func sections(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> [String: [String]] {
        var sections: [String: [String]] = [:]
        var section: String?
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            if line.isEmpty {
                section = nil
            } else if let name = section {
                sections[name, default: []].append(line.trimmedText)
            } else {
                guard line.count > 2, line.first == UInt8(ascii: "%"), line.last == UInt8(ascii: "%") else {
                    throw AnalysisError("line \(number) begins no section")
                }
                section = String(decoding: line.dropFirst().dropLast(), as: UTF8.self)
            }
        }
        return sections
    }

    /// - Parameter folder: `NAME-VERSION-RELEASE`.
    static func files(_ bytes: UnsafeRawBufferPointer, of folder: ArraySlice<UInt8>) -> FileFindings {
        let owner = folder.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).dropLast(2)
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        let owned = LineReader(bytes).filter { OwnedFile.mayBe($0) }.compactMap { EntryPath($0) }
        return FileFindings(owned: owned.map { OwnedFile(path: $0, owner: owner) })
    }
}
