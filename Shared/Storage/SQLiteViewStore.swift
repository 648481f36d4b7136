public import EventLogPort
public import Foundation
public import GRDB
public import Logging
import Synchronization

/// Keeps a view's rows and its positions in one SQLite file, changed together.
///
/// The file is disposable: one that is missing, corrupt or of another version is made again and the view is built from
/// the log. So it is not synced at each commit.
public final class SQLiteViewStore: ViewStore {
    /// The transaction of a commit: `transaction.db` takes the statements.
    public struct Transaction {
        public let db: Database
    }

    private let pool: DatabasePool
    /// GRDB gives a connection back when the task that read goes on, so its own asynchronous reads hold each other up.
    private let readers: OwnThreads
    private let claim: FileClaim
    private let logger: Logger

    private init(_ claim: FileClaim, pool: DatabasePool, logger: Logger) {
        self.claim = claim
        self.pool = pool
        readers = OwnThreads(name: "view-reader", threadsMax: pool.configuration.maximumReaderCount)
        self.logger = logger
    }

    /// The file in use: another than the one asked for when another instance has that.
    public var file: URL { claim.file }

    /// Opens the file, or makes it again. When another instance has it open, opens `<name>-2` and so on beside it.
    /// - Parameters:
    ///   - version: of the schema (1 or more); a file of another version is made again.
    ///   - schema: creates the tables of the view in an empty file. Names starting with `pratique_` are taken.
    /// - Throws: `StorageError`.
    public static func open(
        _ file: URL, version: Int, logger: Logger, schema: @escaping @Sendable (Database) throws -> Void
    ) async throws -> SQLiteViewStore {
        precondition(version >= 1)
        let (claim, pool) = try await onOwnThread {
            let claim = try FileClaim.take(file)
            do {
                return (claim, try openOrRemake(claim.file, version, logger, schema))
            } catch {
                claim.release()
                throw error
            }
        }
        return SQLiteViewStore(claim, pool: pool, logger: logger)
    }

    private static func openOrRemake(
        _ file: URL, _ version: Int, _ logger: Logger, _ schema: @Sendable (Database) throws -> Void
    ) throws -> DatabasePool {
        do {
            if FileManager.default.fileExists(atPath: marker(file)) {
                throw StorageError.corrupt(file: file.path, reason: "it was found corrupt earlier")
            }
            return try attempt(file, version, schema)
        } catch let error as StorageError where !error.isTransient {
            logger.warning(
                "the view's file is made again", metadata: ["file": "\(file.path)", "error.chain": "\(error)"])
            try SQLiteFile(file, durability: .normal).remove()
            try? FileManager.default.removeItem(atPath: marker(file))
            return try attempt(file, version, schema)
        }
    }

    private static func attempt(
        _ file: URL, _ version: Int, _ schema: @Sendable (Database) throws -> Void
    ) throws -> DatabasePool {
        let pool = try SQLiteFile(file, durability: .normal).open()
        do {
            try pool.write { db in
                let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
                let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
                if found == version, !isEmpty { return }
                guard isEmpty else {
                    throw StorageError.newerVersion(file: file.path, found: found, known: version)
                }
                try db.execute(sql: "CREATE TABLE pratique_view (id INTEGER PRIMARY KEY, state BLOB NOT NULL) STRICT")
                try schema(db)
                try db.execute(sql: "PRAGMA user_version = \(version)")
            }
            return pool
        } catch {
            try? pool.close()
            throw StorageError.from(error, file: file.path)
        }
    }

    private static func marker(_ file: URL) -> String { file.path + ".corrupt" }

    public func load() async throws -> ViewState? {
        let data = try await read { try Data.fetchOne($0, sql: "SELECT state FROM pratique_view WHERE id = 1") }
        guard let data else { return nil }
        // An older program's form of the state: the view is built again.
        return try? JSONDecoder().decode(ViewState.self, from: data)
    }

    public func commit(
        _ state: ViewState, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void
    ) async throws {
        let encoded = try JSONEncoder().encode(state)
        do {
            try await unlessCancelled { db in
                try body(Transaction(db: db))
                let statement = try db.cachedStatement(
                    sql: "INSERT INTO pratique_view VALUES (1, ?) ON CONFLICT DO UPDATE SET state = excluded.state")
                try statement.execute(arguments: [encoded])
            }
        } catch {
            throw noted(error)
        }
    }

    public func trouble(in error: any Error) -> StoreTrouble? {
        guard let error = StorageError.from(error, file: file.path) as? StorageError else { return nil }
        return error.isTransient ? .passing : .lasting
    }

    /// Reads the rows as of the last commit, beside the writer.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try Task.checkCancellation()
        let pool = pool
        do {
            return try await readers.run { try pool.read(body) }
        } catch {
            throw noted(error)
        }
    }

    /// Changes rows that the service keeps beside those of the projection, such as its list of what is still to be
    /// decided, in one transaction of its own. The view's positions stay. Finishes even when the task is cancelled.
    public func change<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        let result = Mutex<T?>(nil)
        do {
            try await unlessCancelled { db in
                let value = try body(db)
                result.withLock { $0 = value }
            }
        } catch {
            throw noted(error)
        }
        guard let value = result.withLock({ $0 }) else { throw CancellationError() }
        return value
    }

    public func close() async {
        let pool = pool
        let claim = claim
        // A file that cannot be closed cleanly is good for the next opening all the same.
        try? await onOwnThread {
            defer { claim.release() }
            try SQLiteFile.close(pool)
        }
    }

    /// GRDB's own `write` rolls back when the task is cancelled; a commit must end.
    private func unlessCancelled(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    with: Result {
                        try db.inTransaction(.immediate) {
                            try body(db)
                            return .commit
                        }
                    })
            }
        }
    }

    /// A corrupt file is deleted at the next opening.
    private func noted(_ error: any Error) -> any Error {
        let error = StorageError.from(error, file: file.path)
        if case StorageError.corrupt = error {
            logger.error("the view's file is corrupt", metadata: ["error.chain": "\(error)"])
            _ = FileManager.default.createFile(atPath: Self.marker(file), contents: nil)
        }
        return error
    }
}
