public import Foundation
public import GRDB

/// Opens an SQLite file for one purpose: WAL, a busy timeout, mode 0600, and a durability that is read back.
public struct SQLiteFile: Sendable {
    public enum Durability: Int, Sendable {
        /// A commit may be lost when the machine (not the process) stops: for what can be rebuilt.
        case normal = 1
        /// A commit is on the disk when it returns.
        case full = 2
    }

    public static let busyTimeout: Double = 10

    public let url: URL
    public let durability: Durability
    /// Connections that read beside the writer.
    public let readersMax: Int

    public init(_ url: URL, durability: Durability, readersMax: Int = 3) {
        self.url = url
        self.durability = durability
        self.readersMax = readersMax
    }

    /// Opens or creates the file and migrates it. Blocks: call it from `onOwnThread` where tasks run.
    /// - Throws: `StorageError`.
    public func open(migrator: DatabaseMigrator = DatabaseMigrator()) throws -> DatabasePool {
        do {
            try prepareFile()
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busyTimeout)
            configuration.maximumReaderCount = readersMax
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA cache_size = -8192")
            }
            let pool = try DatabasePool(path: url.path, configuration: configuration)
            // GRDB sets NORMAL when it has opened the file, so this has to come after.
            let found = try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
                try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
                return try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
            }
            guard found == durability.rawValue else {
                throw StorageError.notDurable(file: url.path, found: found)
            }
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
                throw StorageError.newerVersion(file: url.path, found: -1, known: migrator.migrations.count)
            }
            try migrator.migrate(pool)
            return pool
        } catch {
            throw StorageError.from(error, file: url.path)
        }
    }

    /// Brings everything into the file itself, then closes. GRDB closes its readers last, and those cannot do it.
    public static func close(_ pool: DatabasePool) throws {
        try pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        try pool.close()
    }

    /// Removes the file with its log and index.
    public func remove() throws {
        for suffix in ["", "-wal", "-shm"] {
            let path = url.path + suffix
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        }
    }

    /// SQLite gives `-wal` and `-shm` the mode of the file itself.
    private func prepareFile() throws {
        let folder = url.deletingLastPathComponent()
        let manager = FileManager.default
        let owner: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try manager.createDirectory(at: folder, withIntermediateDirectories: true, attributes: owner)
        if !manager.fileExists(atPath: url.path) {
            guard manager.createFile(atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw StorageError.unavailable(file: url.path, reason: "it cannot be created")
            }
        }
        try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
    }
}
