import Advisories
import Events
import Foundation
import GRDB

/// Reads generations of advisories out of the view's file.
///
/// The records of a generation that was never completed (its import was interrupted) do not count.
enum AdvisoryRows {
    /// The whole set as of a generation.
    ///
    /// - Parameter orUnfinished: a key that no completed generation has is taken from an unfinished one: for when
    ///   records of the generation are gone from the log. An earlier generation is had exactly or not at all.
    static func set(of number: Int, orUnfinished: Bool, _ db: Database) throws -> AdvisorySet {
        var builder = AdvisorySet.Builder(generation: number)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT key, value, form, generation IN (SELECT number FROM generations) AS completed FROM advisories
                WHERE CASE WHEN generation IN (SELECT number FROM generations) THEN generation <= ?1 ELSE ?2 END
                ORDER BY key, completed DESC, generation DESC
                """, arguments: [number, orUnfinished])
        var last: String?
        while let row = try rows.next() {
            let key: String = row["key"]
            if key == last { continue }
            last = key
            guard let stored = StoredValue(row) else { continue }
            // Unreadable ones are counted in `unreadable` and make findings undetermined.
            guard let record = try? stored.payload(AdvisoryRecord.self) else { continue }
            builder.add(record.advisory)
        }
        return builder.build()
    }

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

    /// One advisory as of a generation.
    static func advisory(_ key: Advisory.Key, asOf number: Int, _ db: Database) throws -> Advisory? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT value, form FROM advisories
                    WHERE key = ? AND generation <= ? AND generation IN (SELECT number FROM generations)
                    ORDER BY generation DESC LIMIT 1
                    """), arguments: [key.description, number])
        return try row.flatMap { StoredValue($0) }?.payload(AdvisoryRecord.self).advisory
    }

    /// A number that no record was ever written for.
    static func nextNumber(_ db: Database) throws -> Int {
        let written = try Int.fetchOne(db, sql: "SELECT max(generation) FROM advisories") ?? 0
        let known = try Int.fetchOne(db, sql: "SELECT max(number) FROM generations") ?? 0
        return max(written, known) + 1
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
