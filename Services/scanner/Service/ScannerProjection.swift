import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// What a scanner remembers: registries, and which digests were read with which analysers.
struct ScannerProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    static let version = EventSchemas.viewVersion(2, reading: topics)
    private static let topics: [TopicName] = [Topics.registries.name, Topics.scanStatus.name]
    var version: Int { Self.version }
    var topics: [TopicName] { Self.topics }

    enum Effect: Sendable {
        case registry(Registry)
        case status(ScanStatusRecord)
        case removed
    }

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                -- A record that cannot be read is null and has a reason, one of a newer schema its number, too.
                CREATE TABLE registries (
                    key TEXT PRIMARY KEY, record BLOB, reason TEXT, schema INTEGER) STRICT, WITHOUT ROWID;
                CREATE TABLE statuses (
                    key TEXT PRIMARY KEY, record BLOB, reason TEXT, schema INTEGER) STRICT, WITHOUT ROWID;
                """)
    }

    func prepare(_ record: WholeRecord) async throws -> Effect {
        guard record.value != nil else { return .removed }
        return record.id.topic == Topics.registries.name
            ? .registry(try record.payload(RegistryRecord.self).registry)
            : .status(try record.payload(ScanStatusRecord.self))
    }

    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        let row: Entry
        switch effect {
        case .registry(let registry): row = Entry(record: try JSONFormat.encode(registry))
        case .status(let status): row = Entry(record: try JSONFormat.encode(status))
        case .removed:
            return try transaction.db.cachedStatement(sql: "DELETE FROM \(Self.table(of: record)) WHERE key = ?")
                .execute(arguments: [record.key])
        }
        try Self.put(row, record, transaction.db)
    }

    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        var row = Entry(reason: String("\(error)".prefix(500)))
        if let error = error as? EventError, case .newerSchema(_, let found, _) = error { row.schema = found }
        try Self.put(row, record, transaction.db)
    }

    func reset(in transaction: borrowing Transaction) throws {
        try transaction.db.execute(sql: "DELETE FROM registries; DELETE FROM statuses")
    }

    private struct Entry {
        var record: Data?
        var reason: String?
        var schema: Int?
    }

    private static func table(of record: WholeRecord) -> String {
        record.id.topic == Topics.registries.name ? "registries" : "statuses"
    }

    private static func put(_ row: Entry, _ record: WholeRecord, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(table(of: record)) VALUES (?, ?, ?, ?)")
            .execute(arguments: [record.key, row.record, row.reason, row.schema])
    }
}

extension SQLiteViewStore {
    /// - Throws: `EventError` where its record cannot be read.
    func registry(_ name: RegistryName) async throws -> Registry? {
        try await row("registries", name.text, RegistryRecord.self, as: Registry.self)
    }

    /// A status that cannot be read asks for a scan, which writes it anew.
    /// - Throws: `EventError.newerSchema`: a status of a newer version is not written over.
    func status(_ digest: Digest) async throws -> ScanStatusRecord? {
        do {
            return try await row("statuses", digest.text, ScanStatusRecord.self, as: ScanStatusRecord.self)
        } catch EventError.unreadable {
            return nil
        }
    }

    func unreadableCount() async throws -> Int {
        try await read { db in
            let sql = """
                SELECT (SELECT count(*) FROM registries WHERE record IS NULL)
                    + (SELECT count(*) FROM statuses WHERE record IS NULL)
                """
            return try Int.fetchOne(db.cachedStatement(sql: sql)) ?? 0
        }
    }

    private func row<Payload: EventPayload, Value: Decodable & Sendable>(
        _ table: String, _ key: String, _ payload: Payload.Type, as type: Value.Type
    ) async throws -> Value? {
        try await read { db in
            let sql = "SELECT record, reason, schema FROM \(table) WHERE key = ?"
            guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [key]) else { return nil }
            if let bytes = row["record"] as Data? { return try JSONFormat.decode(Value.self, from: bytes) }
            if let found = row["schema"] as Int? {
                throw EventError.newerSchema(type: Payload.eventType, found: found, known: Payload.schemaVersion)
            }
            throw EventError.unreadable(type: Payload.eventType, reason: row["reason"])
        }
    }
}
