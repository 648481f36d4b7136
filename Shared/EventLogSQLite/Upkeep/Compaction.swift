import EventLogPort
import Foundation
import GRDB

/// Removes what the topics need not keep, in small steps so that appends wait for one step at most.
struct Compaction: Sendable {
    static let rowsPerStep = 500
    static let tombstonesLive: Duration = .seconds(7 * 24 * 3600)

    struct Removed: Sendable {
        var rows = 0
        var unfinished = 0
        /// Whether another step would find more.
        var isPartial = false

        mutating func add(_ other: Removed) {
            rows += other.rows
            unfinished += other.unfinished
            isPartial = isPartial || other.isPartial
        }
    }

    let now: Date

    /// One step over everything; a transaction of the writer.
    func step(_ db: Database, topics: [TopicEntry]) throws -> Removed {
        var removed = try removeSuperseded(db)
        removed.add(try removeTombstones(db))
        CrashPoint.hit(.logInCompaction)
        for topic in topics {
            let keep: Duration
            switch topic.kind {
            case .state: continue
            case .journal(let time), .work(let time): keep = time
            }
            for slot in topic.slots where !removed.isPartial {
                removed.add(try removeOld(db, slot, before: milliseconds(now, minus: keep)))
            }
        }
        return removed
    }

    private func removeSuperseded(_ db: Database) throws -> Removed {
        let rows = try Int64.fetchAll(db, sql: "SELECT row FROM superseded LIMIT \(Self.rowsPerStep)")
        for row in rows {
            try run(db, "DELETE FROM records WHERE row = ?", row)
            try run(db, "DELETE FROM tombstones WHERE row = ?", row)
            try run(db, "DELETE FROM superseded WHERE row = ?", row)
        }
        return Removed(rows: rows.count, isPartial: rows.count == Self.rowsPerStep)
    }

    /// Through the index of their ages: a log may hold many tombstones, and this runs each minute.
    static let oldTombstones = """
        SELECT t.row, r.key FROM tombstones t LEFT JOIN records r ON r.row = t.row
        WHERE t.at < ? LIMIT \(rowsPerStep)
        """

    private func removeTombstones(_ db: Database) throws -> Removed {
        let rows = try Row.fetchAll(
            db, sql: Self.oldTombstones, arguments: [milliseconds(now, minus: Self.tombstonesLive)])
        for found in rows {
            let row: Int64 = found[0]
            if let key: String = found[1] {
                try db.cachedStatement(sql: "DELETE FROM newest WHERE slot = ? AND key = ? AND row = ?")
                    .execute(arguments: [LogSchema.slot(ofRow: row), key, row])
            }
            try run(db, "DELETE FROM records WHERE row = ?", row)
            try run(db, "DELETE FROM tombstones WHERE row = ?", row)
        }
        return Removed(rows: rows.count, isPartial: rows.count == Self.rowsPerStep)
    }

    /// Retention of journals and work: what is old goes from the front. State decides what is still owed, so work that
    /// a group has not finished goes too, and is counted.
    private func removeOld(_ db: Database, _ slot: Int64, before limit: Int64) throws -> Removed {
        let first = LogSchema.row(slot: slot, position: 0)
        let last = LogSchema.row(slot: slot, position: LogSchema.positionMax)
        let statement = try db.cachedStatement(
            sql: "SELECT row, at FROM records WHERE row BETWEEN ? AND ? ORDER BY row LIMIT \(Self.rowsPerStep)")
        let front = try Row.fetchAll(statement, arguments: [first, last])
        let old = front.prefix { ($0[1] as Int64) < limit }.map { $0[0] as Int64 }
        guard let newest = old.last else { return Removed() }
        let finished = try Int64.fetchOne(
            db, sql: "SELECT min(position) FROM positions WHERE slot = ?", arguments: [slot])
        try db.cachedStatement(sql: "DELETE FROM records WHERE row BETWEEN ? AND ?").execute(arguments: [first, newest])
        let unfinished = finished.map { finished in old.filter { LogSchema.position(ofRow: $0) > finished }.count }
        return Removed(rows: old.count, unfinished: unfinished ?? 0, isPartial: old.count == Self.rowsPerStep)
    }

    private func run(_ db: Database, _ sql: String, _ row: Int64) throws {
        try db.cachedStatement(sql: sql).execute(arguments: [row])
    }

    private func milliseconds(_ date: Date, minus duration: Duration) -> Int64 {
        Int64(date.timeIntervalSince1970 * 1000) - duration.components.seconds * 1000
    }
}
