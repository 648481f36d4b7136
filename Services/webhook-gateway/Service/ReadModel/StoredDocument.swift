import EventLogPort
import Events
import Foundation
import GRDB
import Model

/// A record as the read model keeps it: the bytes of the log, decoded where they are needed.
struct StoredDocument: Sendable {
    let topic: TopicName
    let key: String
    let position: Int64
    let headers: [Header]
    let value: Data
    let appendedAt: Date

    init(_ record: WholeRecord, value: Data) {
        topic = record.id.topic
        key = record.key
        position = record.id.position
        headers = record.headers
        self.value = value
        appendedAt = record.appendedAt
    }

    init(row: Row) throws {
        topic = try TopicName(row["topic"])
        key = row["key"]
        position = row["position"]
        headers = Self.headers(row["headers"])
        value = row["value"]
        appendedAt = Date(timeIntervalSince1970: row["appended_at"])
    }

    /// - Throws: `EventError`.
    func payload<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload { try record.payload(type) }

    /// - Throws: `EventError`.
    func contentHash() throws -> Digest { try record.contentHash() }

    var context: EventContext { record.context }

    /// Empty where there is none.
    func header(_ name: String) -> String { headers.first { $0.name == name }?.value ?? "" }

    /// As it came.
    var record: WholeRecord {
        WholeRecord(
            id: RecordID(topic: topic, partition: 0, position: position), key: key, value: value, headers: headers,
            appendedAt: appendedAt)
    }

    var headersText: String { headers.map { "\($0.name)\u{1F}\($0.value)" }.joined(separator: "\u{1E}") }

    private static func headers(_ text: String) -> [Header] {
        text.split(separator: "\u{1E}").compactMap { pair in
            let parts = pair.split(separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? Header(String(parts[0]), String(parts[1])) : nil
        }
    }
}

extension StoredDocument {
    /// The newest record of a key, in a transaction.
    static func find(_ topic: Topic, _ key: String, _ db: Database) throws -> StoredDocument? {
        let sql = "SELECT topic, key, position, headers, value, appended_at FROM document WHERE topic = ? AND key = ?"
        return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [topic.name.rawValue, key])
            .map { try StoredDocument(row: $0) }
    }

    /// Records of a topic in the order of their keys.
    static func list(
        _ topic: Topic, prefix: String = "", after: String = "", limit: Int, _ db: Database
    ) throws -> [StoredDocument] {
        let sql = """
            SELECT topic, key, position, headers, value, appended_at FROM document
            WHERE topic = ? AND key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?
            """
        // U+10FFFF sorts after every text that continues the prefix.
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: sql),
            arguments: [topic.name.rawValue, after, prefix, prefix + "\u{10FFFF}", limit])
        return try rows.map { try StoredDocument(row: $0) }
    }

    func store(_ db: Database) throws {
        let sql = """
            INSERT INTO document (topic, key, position, headers, value, appended_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (topic, key) DO UPDATE SET position = excluded.position, headers = excluded.headers,
            value = excluded.value, appended_at = excluded.appended_at
            """
        try db.cachedStatement(sql: sql).execute(
            arguments: [topic.rawValue, key, position, headersText, value, appendedAt.timeIntervalSince1970])
    }

    static func remove(_ topic: TopicName, _ key: String, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM document WHERE topic = ? AND key = ?")
            .execute(arguments: [topic.rawValue, key])
    }

    func storeInJournal(_ db: Database, keepNewest: Int) throws {
        let sql = """
            INSERT OR REPLACE INTO journal (topic, key, position, headers, value, appended_at) VALUES (?, ?, ?, ?, ?, ?)
            """
        try db.cachedStatement(sql: sql).execute(
            arguments: [topic.rawValue, key, position, headersText, value, appendedAt.timeIntervalSince1970])
        let trim = """
            DELETE FROM journal WHERE topic = ?1 AND key = ?2 AND position <= (
                SELECT position FROM journal WHERE topic = ?1 AND key = ?2 ORDER BY position DESC LIMIT 1 OFFSET ?3)
            """
        try db.cachedStatement(sql: trim).execute(arguments: [topic.rawValue, key, keepNewest])
    }

    /// Newest first; `before` is the position of the last one of the page before.
    static func journal(
        _ topic: Topic, key: String?, before: Int64 = .max, limit: Int, _ db: Database
    ) throws -> [StoredDocument] {
        let columns = "topic, key, position, headers, value, appended_at"
        let rows: [Row]
        if let key {
            let sql =
                "SELECT \(columns) FROM journal WHERE topic = ? AND key = ? AND position < ? ORDER BY position DESC LIMIT ?"
            rows = try Row.fetchAll(
                db.cachedStatement(sql: sql), arguments: [topic.name.rawValue, key, before, limit])
        } else {
            let sql = "SELECT \(columns) FROM journal WHERE topic = ? AND position < ? ORDER BY position DESC LIMIT ?"
            rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [topic.name.rawValue, before, limit])
        }
        return try rows.map { try StoredDocument(row: $0) }
    }
}
