import Foundation
import LayerArchive
import Model

/// Programs that no package manager installed and that state their own version: in the text that they print it with,
/// or, for Java, in the file `release` beside it.
///
/// Where a distribution's package lists the file, that package is told, and not the program.
///
/// **Limits.** A program is known by its file's name; one under another name, or one that another library tells its
/// version, is not seen.
struct ProgramsAnalyser: Analyser {
    let name = "programs"
    let version = 2
    let rules: [FileRule] = [
        .pieces(beginning: [0x7F] + Array("ELF".utf8), nameBeginnings: KnownProgram.nameBeginnings),
        .pieces(beginning: Array("IMPLEMENTOR=".utf8), nameBeginnings: [JavaRelease.fileName]),
        .pieces(beginning: Array("JAVA_".utf8), nameBeginnings: [JavaRelease.fileName]),
    ]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let reading = reading(path)
        _ = reading.take(bytes)
        return try reading.finish()
    }

    func reading(_ path: EntryPath) -> any FileReading {
        if path.name.elementsEqual(JavaRelease.fileName.utf8) { return JavaRelease() }
        return ProgramReading(KnownProgram.named(path.name))
    }
}

/// Looks for a program's statement of its version as its bytes pass; the first counts.
private final class ProgramReading: FileReading {
    private static let behindBytes = 64
    private static let aheadBytes = 128

    private let program: KnownProgram?
    private let index: AnchorIndex?
    private var window = SlidingWindow(behindBytes: behindBytes, aheadBytes: aheadBytes)
    private var version: String?

    init(_ program: KnownProgram?) {
        self.program = program
        index = program.map { AnchorIndex($0.marks) }
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard version == nil, index != nil else { return false }
        window.take(bytes) { known, places, _ in look(known, places) }
        return version == nil
    }

    func finish() throws(AnalysisError) -> FileFindings {
        window.finish { known, places, _ in look(known, places) }
        guard let program, let version else { return FileFindings() }
        return FileFindings(packages: [FoundPackage(name: program.name, version: version, type: .generic)])
    }

    private func look(_ known: UnsafeRawBufferPointer, _ places: Range<Int>) {
        guard version == nil, let program, let index else { return }
        var found: [(start: Int, version: String)] = []
        index.find(in: known, from: places.lowerBound, to: places.upperBound) { mark, start in
            let behind = start + program.marks[mark].count
            if let version = program.version(known, behind) { found.append((start, version)) }
        }
        version = found.min { $0.start < $1.start }?.version
    }
}

/// `release` of a Java runtime: `NAME="value"` lines, of which the first `bytesMax` count.
final class JavaRelease: FileReading {
    static let fileName = "release"
    private static let bytesMax = 64 << 10

    private var text: [UInt8] = []

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        text += bytes.prefix(Self.bytesMax - text.count)
        return text.count < Self.bytesMax
    }

    func finish() throws(AnalysisError) -> FileFindings { text.withUnsafeBytes(Self.read) }

    private static func read(_ bytes: UnsafeRawBufferPointer) -> FileFindings {
        var values: [String: String] = [:]
        for line in LineReader(bytes).prefix(200) {
            let parts = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].hasPrefix("JAVA_") else { continue }
            values[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces).filter { $0 != "\"" }
        }
        guard let stated = values["JAVA_VERSION"] else { return FileFindings() }
        let version = values["JAVA_RUNTIME_VERSION"].map { String($0.prefix { $0 != "-" }) }
        return FileFindings(packages: [FoundPackage(name: "openjdk", version: version ?? stated, type: .generic)])
    }
}
