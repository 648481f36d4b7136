import LayerArchive
import Model

/// Java packages: archives (jar, war, ear and their kin), and the archives in them, wherever they lie.
///
/// What an archive is: the `pom.properties` that Maven puts in, several in one that others were shaded into; else its
/// manifest and its name. A program before the archive (an executable jar) is stepped over.
struct JavaAnalyser: Analyser {
    let name = "java"
    let version = 2
    let rules: [FileRule] = [.pieces(endings: JavaArchive.endings)]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let reading = JavaArchiveReading(path)
        _ = reading.take(bytes)
        return try reading.finish()
    }

    func reading(_ path: EntryPath) -> any FileReading { JavaArchiveReading(path) }
}

/// One archive file of an image as it passes.
final class JavaArchiveReading: FileReading {
    private let archive: JavaArchive
    private let budget = ZipBudget()

    init(_ path: EntryPath) {
        let name = String(decoding: path.name, as: UTF8.self)
        archive = JavaArchive(fileName: name, inside: "", image: path.description, depth: 0, budget: budget)
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        budget.add(bytes.count)
        return archive.take(bytes)
    }

    func finish() throws(AnalysisError) -> FileFindings {
        switch archive.end() {
        case .success(let findings): return findings
        case .failure(let error): throw error
        }
    }
}
