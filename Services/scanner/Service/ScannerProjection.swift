import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// What a scanner remembers: registries, and which digests were read with which analysers.
struct ScannerProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    static let version = 1
    var version: Int { Self.version }
    var topics: [TopicName] { [Topics.registries.name, Topics.scanStatus.name] }

    enum Effect: Sendable {
        case registry(Registry)
        case status(ScanStatusRecord)
        case removed
    }

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE registries (name TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE statuses (digest TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
                """)
    }

    func prepare(_ record: WholeRecord) async throws -> Effect {
        guard record.value != nil else { return .removed }
        return record.id.topic == Topics.registries.name
            ? .registry(try record.payload(RegistryRecord.self).registry)
            : .status(try record.payload(ScanStatusRecord.self))
    }

    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        let table =
            record.id.topic == Topics.registries.name ? "registries (name, record)" : "statuses (digest, record)"
        switch effect {
        case .registry(let registry): try Self.put(table, record.key, registry, transaction.db)
        case .status(let status): try Self.put(table, record.key, status, transaction.db)
        case .removed: try remove(record, in: transaction)
        }
    }

    /// A registry that cannot be read is no registry until its record can; a status that cannot be read asks for a
    /// scan.
    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        try remove(record, in: transaction)
    }

    func reset(in transaction: borrowing Transaction) throws {
        try transaction.db.execute(sql: "DELETE FROM registries; DELETE FROM statuses")
    }

    private func remove(_ record: WholeRecord, in transaction: borrowing Transaction) throws {
        let sql =
            record.id.topic == Topics.registries.name
            ? "DELETE FROM registries WHERE name = ?" : "DELETE FROM statuses WHERE digest = ?"
        try transaction.db.cachedStatement(sql: sql).execute(arguments: [record.key])
    }

    private static func put(_ table: String, _ key: String, _ value: some Encodable, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(table) VALUES (?, ?)")
            .execute(arguments: [key, try JSONFormat.encode(value)])
    }
}

extension SQLiteViewStore {
    func registry(_ name: RegistryName) async throws -> Registry? {
        try await row("SELECT record FROM registries WHERE name = ?", name.text, as: Registry.self)
    }

    func status(_ digest: Digest) async throws -> ScanStatusRecord? {
        try await row("SELECT record FROM statuses WHERE digest = ?", digest.text, as: ScanStatusRecord.self)
    }

    private func row<Value: Decodable & Sendable>(_ sql: String, _ key: String, as type: Value.Type) async throws
        -> Value?
    {
        try await read { db in
            guard let bytes = try Data.fetchOne(db, sql: sql, arguments: [key]) else { return nil }
            return try JSONFormat.decode(Value.self, from: bytes)
        }
    }
}
