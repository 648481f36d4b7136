import Model

/// The installed database of apk: paragraphs of lines with a letter, a colon and a value (Alpine wiki, "Apk spec").
enum ApkParser {
    private struct Paragraph {
        var name = ""
        var version = ""
        var architecture = ""
        var origin = ""
        var license = ""
        var hasFields = false
    }

    static func packages(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> [FoundPackage] {
        var packages: [FoundPackage] = []
        var paragraph = Paragraph()
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            if line.isEmpty {
                if paragraph.hasFields { packages.append(try package(paragraph, line: number)) }
                try AnalysisLimits.check(packages: packages.count)
                paragraph = Paragraph()
                continue
            }
            guard line.count >= 2, line[line.startIndex + 1] == UInt8(ascii: ":") else {
                throw AnalysisError("line \(number) is no field")
            }
            paragraph.hasFields = true
            switch line[line.startIndex] {
            case UInt8(ascii: "P"): paragraph.name = line.fieldValue
            case UInt8(ascii: "V"): paragraph.version = line.fieldValue
            case UInt8(ascii: "A"): paragraph.architecture = line.fieldValue
            case UInt8(ascii: "o"): paragraph.origin = line.fieldValue
            case UInt8(ascii: "L"): paragraph.license = line.fieldValue
            default: break
            }
        }
        if paragraph.hasFields { packages.append(try package(paragraph, line: number)) }
        return packages
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
