import Foundation

/// Gives a test a folder of its own. It is removed when the test passes; a failing test's is kept, and named.
func withFolder<Answer>(_ body: (URL) async throws -> Answer) async throws -> Answer {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-e2e-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let answer: Answer
    do { answer = try await body(folder) } catch {
        throw KeptFolder(folder: folder, underlying: error)
    }
    try? FileManager.default.removeItem(at: folder)
    return answer
}

/// A failed test's error, with where to look.
struct KeptFolder: Error, CustomStringConvertible {
    let folder: URL
    let underlying: any Error
    var description: String { "\(underlying)\n  its files are in \(folder.path)" }
}
