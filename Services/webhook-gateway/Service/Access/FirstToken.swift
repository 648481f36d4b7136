import EventLogPort
import Events
import Foundation
import Logging
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Makes the first admin token when there is no token at all: into a file of mode 0600, and onto a terminal where
/// there is
/// one. Never into a log.
///
/// The file comes first, then the log: after a crash between the two the same token is used, so none is lost.
struct FirstToken: Sendable {
    static let fileName = "admin-token"
    static let name = "first admin"
    static let shownWithin = Duration.seconds(30)

    let model: ReadModel
    let writer: ChangeWriter
    let folder: URL
    let logger: Logger

    /// Waits for the read model, then looks whether a token is needed.
    func run() async throws {
        try await model.view.waitUntilReady()
        try await model.refreshDirectory()
        guard model.directory.tokens.isEmpty else { return }
        let file = folder.appending(path: Self.fileName)
        let token = try Self.read(file) ?? Self.make(file)
        let record = TokenRecord(
            id: token.id, name: Self.name, role: .admin, hash: token.hash, createdAt: writer.time.now().milliseconds,
            expiresAt: nil)
        let writer = writer
        let wish = ChangeWriter.Wish(
            .putToken(record), action: "token.create", detail: "\(Self.name), role admin")
        _ = try await Backoff(attemptsMax: 100).retrying(on: writer.time) {
            try await writer.submit([wish], by: ChangeWriter.source, trace: TraceParent.from(nil))
        }
        // Only now does it open anything.
        let shown: Bool? = try await model.wait(within: Self.shownWithin) {
            try await model.refreshDirectory()
            return model.directory.tokens.isEmpty ? nil : true
        }
        if shown == nil { logger.warning("the first admin token is not in force yet") }
        logger.notice("first admin token made", metadata: ["file": "\(file.path)", "token.id": "\(token.id)"])
        Self.sayOnTerminal("The first admin token is \(token.exposed)\nIt is also in \(file.path)\n")
    }

    private static func read(_ file: URL) throws -> AccessToken? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let token = AccessToken(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw FirstTokenError.unreadable(file: file.path)
        }
        return token
    }

    private static func make(_ file: URL) throws -> AccessToken {
        let token = AccessToken.random()
        let draft = file.path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FirstTokenError.unwritable(file: file.path, code: errno) }
        let bytes = Array((token.exposed + "\n").utf8)
        let isWritten = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
        let isSynced = isWritten && fsync(descriptor) == 0
        close(descriptor)
        guard isSynced, rename(draft, file.path) == 0 else {
            throw FirstTokenError.unwritable(file: file.path, code: errno)
        }
        return token
    }

    private static func sayOnTerminal(_ text: String) {
        for (descriptor, handle) in [
            (STDERR_FILENO, FileHandle.standardError), (STDOUT_FILENO, FileHandle.standardOutput),
        ]
        where isatty(descriptor) == 1 {
            try? handle.write(contentsOf: Data(text.utf8))
            return
        }
    }
}

enum FirstTokenError: Error, Sendable, Equatable {
    case unreadable(file: String)
    case unwritable(file: String, code: Int32)
}
