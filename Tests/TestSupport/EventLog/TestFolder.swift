public import Foundation

/// A folder of its own for one test, removed with the object. Set `PRATIQUE_KEEP_TEST_FOLDERS` to keep and print them.
public final class TestFolder: Sendable {
    /// Different for each test: for names of topics, groups, repositories.
    public let id: String
    public let url: URL

    public init() throws {
        id = String(UUID().uuidString.lowercased().prefix(8))
        url = FileManager.default.temporaryDirectory.appending(path: "pratique-test-\(id)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        if ProcessInfo.processInfo.environment["PRATIQUE_KEEP_TEST_FOLDERS"] != nil {
            print("kept \(url.path)")
        } else {
            try? FileManager.default.removeItem(at: url)
        }
    }

    public func file(_ name: String) -> URL { url.appending(path: name) }
}
