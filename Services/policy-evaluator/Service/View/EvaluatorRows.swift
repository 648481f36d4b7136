import EventLogPort
import Events
import Foundation
import GRDB
import Model

/// A name that must be judged again.
struct DirtyName: Sendable, Equatable {
    let stamp: Int64
    let key: String
}

/// Everything that one name is judged from, read in one snapshot.
struct JudgingInputs: Sendable {
    struct Name: Sendable {
        let name: String
        let digest: String
        let event: String
        let traceparent: String?
        /// Of a candidate: when it was uploaded. It wants a verdict that is no older.
        var askedAt: Date?
        /// Whether a registry shows the digest, so that our own scan has the word.
        var isResolved = false
    }

    struct StoredInventory: Sendable {
        let key: String
        let position: Int64
        let isIndex: Bool
        let value: StoredValue?
        /// Why it cannot be read.
        let error: String?
        /// Nil when it cannot be read.
        var version: Verdict.InventoryVersion?
    }

    struct Child: Sendable {
        let platform: Platform
        let digest: Digest
        let inventory: StoredInventory?
    }

    let key: String
    /// Nil when there is no such name (any more), or it has no digest or is in the trash; `isGone` tells them apart.
    var name: Name?
    var isGone = false
    var verdict: StoredValue?
    var isVerdictUnreadable = false
    var inventory: StoredInventory?
    var children: [Child] = []
    /// Which platforms of an index the name's registry wants judged; nil when the registry is not known.
    var platforms: [Platform]?
    /// Of the name's digest; a status that cannot be read has a reason and no value.
    var status: StoredValue?
    var statusError: String?
    /// What this name's own records leave unknown.
    var problems: [Undetermined] = []

    /// Whether CI's upload speaks for an image that was not scanned by us.
    var isFromUpload: Bool { inventory.map { $0.key != name?.digest } ?? false && name?.askedAt == nil }

    var inventoryVersions: [Verdict.InventoryVersion] {
        Set(([inventory] + children.map(\.inventory)).compactMap { $0?.version }).sorted()
    }
}

/// Reads and writes rows of the view's file. Static, so each call says on which database.
enum EvaluatorRows {
    // MARK: Dirty names

    static func dirty(_ limit: Int, _ db: Database) throws -> [DirtyName] {
        try Row.fetchAll(db, sql: "SELECT stamp, key FROM dirty ORDER BY later, stamp LIMIT ?", arguments: [limit])
            .map { DirtyName(stamp: $0["stamp"], key: $0["key"]) }
    }

    static func isClean(_ db: Database) throws -> Bool {
        try Row.fetchOne(db, sql: "SELECT 1 FROM dirty LIMIT 1") == nil
    }

    static func clean(_ names: [DirtyName], _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM dirty WHERE stamp = ?")
        for name in names { try statement.execute(arguments: [name.stamp]) }
    }

    /// Marks names whose verdict's time has come.
    static func markDue(_ now: Date, _ db: Database) throws {
        try Dirty.names(
            where: "key IN (SELECT key FROM verdicts WHERE valid_until <= ?)", [now.timeIntervalSince1970], db)
    }

    static func isJudgedOverwritten(_ db: Database) throws -> Bool {
        try Row.fetchOne(
            db, sql: "SELECT 1 FROM overwritten WHERE topic = ? AND key = ?",
            arguments: [Topics.verdicts.name.rawValue, JudgedRecord.key]) != nil
    }

    static func liveNames(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM names WHERE live = 1") ?? 0
    }

    // MARK: Inputs

    static func inputs(_ key: String, _ db: Database) throws -> JudgingInputs {
        var inputs = JudgingInputs(key: key)
        inputs.verdict = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT value, form FROM verdicts WHERE key = ?"), arguments: [key]
        ).flatMap { StoredValue($0) }
        inputs.isVerdictUnreadable = try unreadable(["verdicts"], key, db) != nil
        if let reason = try unreadable(["images", "candidates"], key, db) {
            inputs.problems.append(Undetermined(what: "record of the name", reason: reason))
        }
        let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM names WHERE key = ?"), arguments: [key])
        guard let row else {
            inputs.isGone = inputs.problems.isEmpty
            return inputs
        }
        guard row["live"] as Bool, let digest = row["digest"] as String? else { return inputs }
        inputs.name = JudgingInputs.Name(
            name: row["name"], digest: digest, event: row["event"], traceparent: row["traceparent"],
            askedAt: (row["asked_at"] as Double?).map { Date(timeIntervalSince1970: $0).milliseconds },
            isResolved: row["resolved"])
        inputs.inventory = try inventory(of: row, digest: digest, db)
        if let root = inputs.inventory, root.isIndex {
            inputs.children = try children(of: root.key, db)
            inputs.platforms = try platforms(of: row["registry"], db)
        }
        let status = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT value, form FROM scan_status WHERE digest = ?"), arguments: [digest])
        inputs.status = status.flatMap { StoredValue($0) }
        if let status, inputs.status == nil { inputs.statusError = status["form"] }
        return inputs
    }

    /// A candidate is judged from what was uploaded for it; an image from our own scan, and only while there is none
    /// from the upload with which CI registered this very name.
    private static func inventory(
        of name: Row, digest: String, _ db: Database
    ) throws -> JudgingInputs.StoredInventory? {
        if name["asked_at"] as Double? == nil, let own = try inventory(digest, db) { return own }
        return try (name["inventory"] as String?).flatMap { try inventory($0, db) }
    }

    private static func inventory(_ key: String, _ db: Database) throws -> JudgingInputs.StoredInventory? {
        let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM inventories WHERE key = ?"), arguments: [key])
        return try row.map { row in
            JudgingInputs.StoredInventory(
                key: key, position: row["position"], isIndex: row["is_index"], value: StoredValue(row),
                error: row["error"],
                version: try (row["sha256"] as String?).map { .init(key: key, sha256: try Digest($0)) })
        }
    }

    private static func children(of key: String, _ db: Database) throws -> [JudgingInputs.Child] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT child, digest, platform FROM children WHERE parent = ? ORDER BY platform, child"),
            arguments: [key])
        return try rows.map { row in
            JudgingInputs.Child(
                platform: try JSONFormat.decode(Platform.self, from: row["platform"]),
                digest: try Digest(row["digest"]),
                inventory: try inventory(row["child"], db))
        }
    }

    static func platforms(of registry: String, _ db: Database) throws -> [Platform]? {
        try Data.fetchOne(
            db.cachedStatement(sql: "SELECT platforms FROM registries WHERE name = ?"), arguments: [registry]
        ).map { try JSONFormat.decode([Platform].self, from: $0) }
    }

    private static func unreadable(_ topics: [String], _ key: String, _ db: Database) throws -> String? {
        for topic in topics {
            let reason = try String.fetchOne(
                db.cachedStatement(sql: "SELECT reason FROM unreadable WHERE topic = ? AND key = ?"),
                arguments: [topic, key])
            if let reason { return reason }
        }
        return nil
    }

    // MARK: What is demanded

    static func policies(_ db: Database) throws -> [Policy] {
        try Data.fetchAll(db, sql: "SELECT value FROM policies ORDER BY id").map {
            try JSONFormat.decode(Policy.self, from: $0)
        }
    }

    /// What is unknown of every name: policies, advisories and which of them are in force, when that cannot be read.
    static func problems(_ db: Database) throws -> [Undetermined] {
        let policies = try Row.fetchAll(
            db,
            sql:
                "SELECT key, reason FROM unreadable WHERE topic = 'policies' AND key NOT LIKE '%@%' ORDER BY key LIMIT 20"
        )
        var problems = policies.map { Undetermined(what: "policy \($0["key"] as String)", reason: $0["reason"]) }
        let active = try unreadable([Topics.generations.name.rawValue], GenerationRecord.activeKey, db)
        if let active {
            problems.append(
                Undetermined(what: "advisories", reason: "the generation in force cannot be read: \(active)"))
        }
        let advisories = try unreadableAdvisories(db)
        if advisories > 0 {
            problems.append(Undetermined(what: "advisories", reason: "\(advisories) records cannot be read"))
        }
        return problems
    }

    static func unreadableAdvisories(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM unreadable WHERE topic = 'advisories'") ?? 0
    }

    /// Why this instance must not write: a newer version has written one of the service's own topics.
    static func newerOutput(_ db: Database) throws -> String? {
        let topics = EvaluatorProjection.ownTopics.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try String.fetchOne(
            db.cachedStatement(sql: "SELECT reason FROM unreadable WHERE newer AND topic IN (\(topics)) LIMIT 1"))
    }

    static func unreadableCount(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM unreadable") ?? 0
    }
}
