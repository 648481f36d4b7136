import Advisories
import EventLogPort
import Events
import Foundation
import GRDB

/// Reads generations of advisories out of the view's file.
///
/// The records of a generation that was never completed (its import was interrupted) do not count.
enum AdvisoryRows {
    /// A set as far as the file has it.
    struct Found: Sendable {
        let set: AdvisorySet
        /// The sources of records that the file has only as an unfinished import left them, or not at all. Sorted.
        let replaced: [String]
    }

    /// The whole set as of a generation.
    ///
    /// - Parameter orNewer: a key that no completed generation up to this one has is taken from the next newer record:
    ///   for when an import that was interrupted replaced records and the log has compacted what they replaced. Which
    ///   sources that concerns is said, since what was removed or added cannot be told apart.
    static func set(of number: Int, orNewer: Bool = false, _ db: Database) throws -> Found {
        var builder = AdvisorySet.Builder(generation: number)
        let rows = try Row.fetchCursor(
            db, sql: "\(rows) WHERE exact OR (?2 AND generation > ?1) \(nearest)", arguments: [number, orNewer])
        var last: String?
        var sources: Set<String> = []
        var replaced: Set<String> = []
        while let row = try rows.next() {
            let key: String = row["key"]
            if key == last { continue }
            last = key
            let source = String(key.prefix { $0 != "/" })
            sources.insert(source)
            if !(row["exact"] as Bool) { replaced.insert(source) }
            guard let stored = StoredValue(row) else { continue }
            // Unreadable ones are counted in `unreadable` and make findings undetermined.
            guard let record = try? stored.payload(AdvisoryRecord.self) else { continue }
            builder.add(record.advisory)
        }
        return Found(set: builder.build(), replaced: (replaced.isEmpty ? sources : replaced).sorted())
    }

    private static let rows = """
        SELECT key, value, form, generation <= ?1 AND generation IN (SELECT number FROM generations) AS exact
        FROM advisories
        """

    /// Of each key the newest record of the generation, else the one that came next.
    private static let nearest = "ORDER BY key, exact DESC, CASE WHEN exact THEN -generation ELSE generation END"

    /// The set of a later generation, from one that is in memory.
    static func set(of number: Int, basedOn old: AdvisorySet, _ db: Database) throws -> AdvisorySet {
        var builder = AdvisorySet.Builder(generation: number, basedOn: old)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT key, value, form FROM advisories
                WHERE generation > ? AND generation <= ? AND generation IN (SELECT number FROM generations)
                ORDER BY generation
                """, arguments: [old.generation, number])
        while let row = try rows.next() {
            if let record = try StoredValue(row)?.payload(AdvisoryRecord.self) {
                builder.add(record.advisory)
            } else if let key = Advisory.Key(row["key"] as String) {
                builder.remove(key)
            }
        }
        return builder.build()
    }

    /// One advisory as of a generation, or as an unfinished import left it.
    static func advisory(_ key: Advisory.Key, asOf number: Int, _ db: Database) throws -> Advisory? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "\(rows) WHERE key = ?2 AND (exact OR generation > ?1) \(nearest) LIMIT 1"),
            arguments: [number, key.description])
        return try row.flatMap { StoredValue($0) }?.payload(AdvisoryRecord.self).advisory
    }

    /// The keys for which the log does not hold what is in force: an import that was interrupted wrote something else
    /// in its place, or it cannot be read.
    static func unfinished(_ db: Database) throws -> Set<Advisory.Key> {
        let keys = try String.fetchCursor(
            db,
            sql: """
                SELECT key FROM advisories GROUP BY key
                HAVING max(generation) NOT IN (SELECT number FROM generations)
                """)
        var found = try unreadable(db)
        while let key = try keys.next() { if let key = Advisory.Key(key) { found.insert(key) } }
        return found
    }

    static func unreadable(_ db: Database) throws -> Set<Advisory.Key> {
        let keys = try String.fetchAll(db, sql: "SELECT key FROM unreadable WHERE topic = 'advisories'")
        return Set(keys.compactMap { Advisory.Key($0) })
    }

    /// The generation in force. While the record that says so cannot be read, the newest: each one that was put in
    /// force was that.
    static func active(_ db: Database) throws -> Int? {
        if let known = try Meta.active.readNumber(db) { return known }
        guard try isActiveUnreadable(db) else { return nil }
        return try Int.fetchOne(db, sql: "SELECT max(number) FROM generations")
    }

    private static func isActiveUnreadable(_ db: Database) throws -> Bool {
        try Row.fetchOne(
            db, sql: "SELECT 1 FROM unreadable WHERE topic = ? AND key = ?",
            arguments: [Topics.generations.name.rawValue, GenerationRecord.activeKey]) != nil
    }

    /// A number that no record was ever written for.
    static func nextNumber(_ db: Database) throws -> Int {
        let written = try Int.fetchOne(db, sql: "SELECT max(generation) FROM advisories") ?? 0
        let known = try Int.fetchOne(db, sql: "SELECT max(number) FROM generations") ?? 0
        return max(written, known) + 1
    }

    /// The newest generation whose records are whole, when it is newer than the one in force. None while the record
    /// that says which one is cannot be read: it may be one of a newer program.
    static func ahead(_ db: Database) throws -> (record: GenerationRecord, advisoriesEnd: Int64)? {
        if try isActiveUnreadable(db) { return nil }
        let row = try Row.fetchOne(
            db,
            sql: "SELECT advisories_end, value, form FROM generations WHERE number > ? ORDER BY number DESC LIMIT 1",
            arguments: [try Meta.active.readNumber(db) ?? 0])
        guard let row, let stored = StoredValue(row) else { return nil }
        return (try stored.payload(GenerationRecord.self), row["advisories_end"])
    }

    static func advisoriesEnd(of number: Int, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT advisories_end FROM generations WHERE number = ?", arguments: [number])
    }

    static func generation(_ number: Int, _ db: Database) throws -> GenerationRecord? {
        let row = try Row.fetchOne(db, sql: "SELECT value, form FROM generations WHERE number = ?", arguments: [number])
        return try row.flatMap { StoredValue($0) }?.payload(GenerationRecord.self)
    }

    /// Forgets versions that no generation of the last `kept` needs.
    static func prune(active: Int, kept: Int, _ db: Database) throws {
        let oldest = active - kept
        guard oldest > 0 else { return }
        try db.execute(
            sql: """
                DELETE FROM advisories WHERE EXISTS (
                    SELECT 1 FROM advisories AS newer
                    WHERE newer.key = advisories.key AND newer.generation > advisories.generation
                        AND newer.generation <= ?1 AND newer.generation IN (SELECT number FROM generations))
                """, arguments: [oldest])
        let floor = try Meta.floor.readNumber(db) ?? 0
        if floor < oldest { try Meta.floor.write(String(oldest), db) }
    }

    // MARK: Who is touched

    /// Marks the names whose inventories a delta touches.
    static func mark(_ delta: AdvisoryDelta, _ db: Database) throws {
        try db.execute(sql: "CREATE TEMP TABLE IF NOT EXISTS touched (inventory INTEGER PRIMARY KEY)")
        try db.execute(sql: "DELETE FROM touched")
        for ecosystem in delta.coverage {
            try db.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO touched SELECT inventory FROM inventory_packages
                    WHERE package IN (SELECT id FROM packages WHERE ecosystem = ?)
                    """
            ).execute(arguments: [ecosystem.text])
        }
        for package in delta.packages where !delta.coverage.contains(package.ecosystem) {
            try db.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO touched SELECT inventory FROM inventory_packages
                    WHERE package = (SELECT id FROM packages WHERE ecosystem = ? AND name = ?)
                    """
            ).execute(arguments: [package.ecosystem.text, package.name])
        }
        let rows = try Row.fetchAll(
            db, sql: "SELECT key, digest FROM inventories WHERE id IN (SELECT inventory FROM touched)")
        for row in rows { try Dirty.inventory(row["key"], digest: row["digest"], db) }
    }
}
