import Foundation

/// The checkout that the tests were compiled from.
enum Checkout {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
    }

    static func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path(percentEncoded: false))
            .sorted()
    }

    /// `process("scanner", …)` in the manifest.
    static func executables() throws -> Set<String> {
        Set(try text("Package.swift").matches(of: /process\(\s*"([a-z-]+)"/).map { String($0.1) })
    }
}
