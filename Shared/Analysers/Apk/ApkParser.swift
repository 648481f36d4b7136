import LayerArchive
import Model

/// The installed database of apk: paragraphs of lines with a letter, a colon and a value (Alpine wiki, "Apk spec").
enum ApkParser {
    private struct Paragraph {
        var name = ""
        var version = ""
        var architecture = ""
        var origin = ""
        var license = ""
        var folder: [UInt8] = []
        var metadata: [EntryPath] = []
        var hasFields = false
    }

    static func packages(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> [FoundPackage] {
        try read(bytes).packages
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        var findings = FileFindings()
        var paragraph = Paragraph()
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            if line.isEmpty {
                try end(paragraph, line: number, &findings)
                paragraph = Paragraph()
                continue
            }
            guard line.count >= 2, line[line.startIndex + 1] == UInt8(ascii: ":") else {
                throw AnalysisError("line \(number) is no field")
            }
            paragraph.hasFields = true
            try read(line, into: &paragraph)
        }
        try end(paragraph, line: number, &findings)
        return findings
    }

    private static func read(
        _ line: Slice<UnsafeRawBufferPointer>, into paragraph: inout Paragraph
    ) throws(AnalysisError) {
        switch line[line.startIndex] {
        case UInt8(ascii: "P"): paragraph.name = line.fieldValue
        case UInt8(ascii: "V"): paragraph.version = line.fieldValue
        case UInt8(ascii: "A"): paragraph.architecture = line.fieldValue
        case UInt8(ascii: "o"): paragraph.origin = line.fieldValue
        case UInt8(ascii: "L"): paragraph.license = line.fieldValue
        // A folder, and the files in it.
        case UInt8(ascii: "F"): paragraph.folder = Array(line.dropFirst(2))
        case UInt8(ascii: "R") where OwnedFile.mayBe(line.dropFirst(2)):
            try AnalysisLimits.check(pathBytes: paragraph.folder.count + line.count)
            try AnalysisLimits.check(packages: paragraph.metadata.count)
            if let path = EntryPath(paragraph.folder + [UInt8(ascii: "/")] + line.dropFirst(2)) {
                paragraph.metadata.append(path)
            }
        default: break
        }
    }

    private static func end(
        _ paragraph: Paragraph, line: Int, _ findings: inout FileFindings
    ) throws(AnalysisError) {
        guard paragraph.hasFields else { return }
        let package = try package(paragraph, line: line)
        findings.packages.append(package)
        findings.owned += paragraph.metadata.map { OwnedFile(path: $0, owner: package.name) }
        try AnalysisLimits.check(packages: findings.count)
    }

    private static func package(_ paragraph: Paragraph, line: Int) throws(AnalysisError) -> FoundPackage {
        guard !paragraph.name.isEmpty else { throw AnalysisError("the paragraph before line \(line) names no package") }
        guard !paragraph.version.isEmpty else { throw AnalysisError("package \(paragraph.name) has no version") }
        return FoundPackage(
            name: paragraph.name, version: paragraph.version, type: .apk,
            architecture: paragraph.architecture.isEmpty ? nil : paragraph.architecture,
            // Advisories speak of the origin; a package without one is its own.
            source: Package.Source(
                name: paragraph.origin.isEmpty ? paragraph.name : paragraph.origin, version: paragraph.version),
            licenses: paragraph.license.isEmpty ? [] : [paragraph.license])
    }
}
