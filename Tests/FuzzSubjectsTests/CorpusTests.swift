import Foundation
import FuzzSubjects
import Testing

@Suite("Inputs kept by the fuzzer")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Corpus")

    private static func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
    }

    @Test("each subject has some, and each folder of them a subject")
    func folders() throws {
        #expect(try Self.names(in: Self.folder) == FuzzSubject.all.map(\.name).sorted())
        for subject in FuzzSubject.all {
            #expect(try !Self.names(in: Self.folder.appending(path: subject.name)).isEmpty)
        }
    }

    @Test("are small together")
    func size() throws {
        var bytes = 0
        for subject in FuzzSubject.all {
            for name in try Self.names(in: Self.folder.appending(path: subject.name)) {
                bytes += try Data(contentsOf: Self.folder.appending(path: "\(subject.name)/\(name)")).count
            }
        }
        #expect(bytes < 300_000)
    }

    @Test("are read without a crash, and in pieces as they are as a whole", arguments: FuzzSubject.all.map(\.name))
    func inputs(_ name: String) async throws {
        let subject = try #require(FuzzSubject.all.first { $0.name == name })
        for file in try Self.names(in: Self.folder.appending(path: name)) {
            let input = try Data(contentsOf: Self.folder.appending(path: "\(name)/\(file)"))
            // A subject blocks, so it has a thread of its own.
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    input.withUnsafeBytes { subject.run($0) }
                    continuation.resume()
                }
                thread.stackSize = 2 << 20
                thread.start()
            }
        }
    }
}
