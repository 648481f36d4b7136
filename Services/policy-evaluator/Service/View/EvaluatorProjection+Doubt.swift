import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// Records that are not what they should be: unreadable, or written by an instance that is none any more.
extension EvaluatorProjection {
    /// What could not be read before is known again; where that left something unknown of every name, all are judged.
    func readable(_ record: WholeRecord, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM unreadable WHERE topic = ? AND key = ?")
            .execute(arguments: [record.id.topic.rawValue, record.key])
        if db.changesCount > 0, Self.concernsAll(record) { try Dirty.all(db) }
    }

    private static func concernsAll(_ record: WholeRecord) -> Bool {
        switch record.id.topic {
        case Topics.policies.name: !record.key.contains("@")
        case Topics.advisories.name: true
        case Topics.generations.name: record.key == GenerationRecord.activeKey
        default: false
        }
    }

    // MARK: Late records

    /// Whether a record of our own topics comes from an older instance, after this one took over.
    ///
    /// It is not taken over, and its key is noted to be written again. But a verdict is taken, since the log has it,
    /// and its name is judged again: if it says something else, that is written.
    func isLate(_ record: WholeRecord, _ db: Database) throws -> Bool {
        let topic = record.id.topic
        guard Self.ownTopics.contains(topic) else { return false }
        let isVerdict = topic == Topics.verdicts.name && record.key != JudgedRecord.key
        let isStale = fence.observe(record) == .stale
        if isStale, isVerdict { try Dirty.name(record.key, db) }
        if isVerdict { return false }
        try db.cachedStatement(
            sql: isStale
                ? "INSERT OR IGNORE INTO overwritten VALUES (?, ?)"
                : "DELETE FROM overwritten WHERE topic = ? AND key = ?"
        ).execute(arguments: [topic.rawValue, record.key])
        return isStale
    }

    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        let db = transaction.db
        guard try !isLate(record, db) else { return }
        let reason = String("\(error)".prefix(500))
        let topic = record.id.topic
        var isNewer = false
        if let error = error as? EventError, case .newerSchema = error { isNewer = true }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?, ?)")
            .execute(arguments: [topic.rawValue, record.key, reason, isNewer])
        switch topic {
        case Topics.inventories.name:
            try removeInventory(record.key, db)
            let digest = record.key.prefix { $0 != "/" }
            try db.cachedStatement(sql: "INSERT INTO inventories VALUES (NULL, ?, ?, ?, 0, NULL, '', NULL, ?)")
                .execute(arguments: [record.key, String(digest), record.id.position, reason])
            try Dirty.inventory(record.key, digest: String(digest), db)
        case Topics.scanStatus.name:
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO scan_status VALUES (?, NULL, ?)")
                .execute(arguments: [record.key, reason])
            try Dirty.inventory(record.key, digest: record.key, db)
        case Topics.registries.name:
            try db.cachedStatement(sql: "DELETE FROM registries WHERE name = ?").execute(arguments: [record.key])
            try Dirty.names(where: "registry = ?", [record.key], db)
        case _ where Self.concernsAll(record): try Dirty.all(db)
        case Topics.images.name, Topics.candidates.name: try Dirty.name(record.key, db)
        case Topics.verdicts.name:
            try db.cachedStatement(sql: "DELETE FROM verdicts WHERE key = ?").execute(arguments: [record.key])
            try Dirty.name(record.key, db)
        default: break
        }
    }
}
