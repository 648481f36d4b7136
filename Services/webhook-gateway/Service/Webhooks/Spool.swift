import EventLogPort
import Foundation
import GRDB
import Metrics
import Storage
import Synchronization

/// Deliveries that were taken while the log could not be reached, in their order, on the gateway's own disk.
///
/// The one file of the gateway that is not disposable: what it holds is nowhere else. Durable (`synchronous=FULL`) and
/// bounded in bytes.
final class Spool: Sendable {
    static let fileName = "webhook-gateway.spool"

    struct Entry: Sendable {
        let id: Int64
        let draft: RecordDraft
    }

    private struct Fill {
        var records = 0
        var bytes = 0
    }

    let bytesMax: Int
    private let pool: DatabasePool
    private let fill: Mutex<Fill>
    private let gauge = Gauge(label: "pratique.gateway.spool.records")

    static func open(in folder: URL, bytesMax: Int) async throws -> Spool {
        let file = SQLiteFile(folder.appending(path: fileName), durability: .full, readersMax: 1)
        return try await onOwnThread { try Spool(file.open(migrator: migrator), bytesMax: bytesMax) }
    }

    private init(_ pool: DatabasePool, bytesMax: Int) throws {
        self.pool = pool
        self.bytesMax = bytesMax
        let found = try pool.read { db in
            try Row.fetchOne(db, sql: "SELECT count(*) AS n, coalesce(sum(bytes), 0) AS bytes FROM spool")
        }
        fill = Mutex(Fill(records: found?["n"] ?? 0, bytes: found?["bytes"] ?? 0))
        gauge.record(count)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE spool (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
                        headers BLOB NOT NULL, value BLOB NOT NULL, bytes INTEGER NOT NULL) STRICT
                    """)
        }
        return migrator
    }

    var count: Int { fill.withLock { $0.records } }
    var isEmpty: Bool { count == 0 }

    /// Returns once all are on the disk.
    /// - Throws: `SpoolError.full`: none was taken.
    func append(_ drafts: [RecordDraft]) async throws {
        let bytes = drafts.reduce(0) { $0 + Self.bytes(of: $1) }
        try fill.withLock { fill in
            guard fill.bytes + bytes <= bytesMax else { throw SpoolError.full(bytes: fill.bytes, max: bytesMax) }
            fill.bytes += bytes
        }
        do {
            try await pool.write { db in
                for draft in drafts {
                    try db.cachedStatement(
                        sql: "INSERT INTO spool (topic, key, headers, value, bytes) VALUES (?, ?, ?, ?, ?)"
                    ).execute(
                        arguments: [
                            draft.topic.rawValue, draft.key, try JSONEncoder().encode(draft.headers),
                            draft.value ?? Data(), Self.bytes(of: draft),
                        ])
                }
            }
        } catch {
            fill.withLock { $0.bytes -= bytes }
            throw error
        }
        fill.withLock { $0.records += drafts.count }
        gauge.record(count)
    }

    /// The oldest entries, as many as have `bytesMax` together, but one at least.
    func first(_ limit: Int, bytesMax: Int = .max) async throws -> [Entry] {
        try await pool.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT id, topic, key, headers, value, bytes FROM spool ORDER BY id LIMIT ?",
                arguments: [limit])
            var entries: [Entry] = []
            var bytes = 0
            while let row = try rows.next() {
                bytes += row["bytes"]
                if !entries.isEmpty, bytes > bytesMax { break }
                let headers = try JSONDecoder().decode([Header].self, from: row["headers"])
                let draft = RecordDraft(
                    topic: try TopicName(row["topic"]), key: row["key"], value: row["value"], headers: headers)
                entries.append(Entry(id: row["id"], draft: draft))
            }
            return entries
        }
    }

    /// Forgets entries that the log has acknowledged.
    func remove(_ entries: [Entry]) async throws {
        guard let last = entries.last else { return }
        try await pool.write { db in
            try db.execute(sql: "DELETE FROM spool WHERE id <= ?", arguments: [last.id])
        }
        fill.withLock { fill in
            fill.records -= entries.count
            fill.bytes -= entries.reduce(0) { $0 + Self.bytes(of: $1.draft) }
        }
        gauge.record(count)
    }

    func close() async {
        let pool = pool
        try? await onOwnThread { try pool.close() }
    }

    /// What a row takes, about: its texts and a little for the row itself.
    private static func bytes(of draft: RecordDraft) -> Int {
        (draft.value?.count ?? 0) + draft.key.utf8.count + 64
            + draft.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 24 }
    }
}

enum SpoolError: Error, Sendable, Equatable {
    case full(bytes: Int, max: Int)
}
