import EventLogPort
import Events
import Foundation
import GRDB
import GatewayAPI
import Model

/// The rows behind the list of images: kept ready made, computed again when something they show changes.
enum ImageRows {
    /// Images that share a digest are computed again one by one; more than this in one step wait for their own changes.
    static let sharedDigestMax = 10_000

    static func refresh(name: String, _ db: Database) throws {
        guard let document = try StoredDocument.find(Topics.images, name, db) else { return }
        try refresh(try document.payload(ImageRecord.self), db)
    }

    /// With an inventory's key also the images whose index has it as a child.
    static func refreshAll(digest: String, inventory: String? = nil, _ db: Database) throws {
        let sql = """
            SELECT name FROM image WHERE digest = ?1
            UNION SELECT name FROM image WHERE digest IN (
                SELECT digest FROM inventory WHERE key IN (SELECT parent FROM child WHERE child = ?2))
            LIMIT \(sharedDigestMax)
            """
        for name in try String.fetchAll(db.cachedStatement(sql: sql), arguments: [digest, inventory]) {
            try refresh(name: name, db)
        }
    }

    static func refresh(_ record: ImageRecord, _ db: Database) throws {
        let name = record.name.text
        let verdict = try facts(VerdictFacts.self, "SELECT facts FROM verdict WHERE key = ?", name, db)
        let digest = record.digest?.text ?? ""
        let scan = try facts(ScanFacts.self, "SELECT facts FROM scan WHERE digest = ?", digest, db)
        let packages = try packages(of: digest, upload: record.upload, db)
        let unreadable = try unreadable(name, digest, db)
        try write(
            ImageSummary(record, verdict: verdict, scan: scan, packages: packages, unreadable: unreadable), db)
    }

    private static func unreadable(_ name: String, _ digest: String, _ db: Database) throws -> String? {
        let sql = "SELECT reason FROM unreadable WHERE topic = ? AND key = ?"
        for (topic, key, what) in [
            (Topics.verdicts, name, "its verdict"), (Topics.scanStatus, digest, "the state of its scan"),
        ] {
            let reason = try String.fetchOne(
                db.cachedStatement(sql: sql), arguments: [topic.name.rawValue, key])
            if let reason { return "\(what) cannot be read: \(reason)" }
        }
        return nil
    }

    private static func facts<Value: Decodable>(
        _ type: Value.Type, _ sql: String, _ key: String, _ db: Database
    ) throws -> Value? {
        try Data.fetchOne(db.cachedStatement(sql: sql), arguments: [key]).map { try JSONFormat.decode(type, from: $0) }
    }

    /// Of the inventory that is judged: our own scan's, else the upload's. Of the platform with the most, when it is an
    /// index.
    private static func packages(of digest: String, upload: String?, _ db: Database) throws -> Int {
        let known = try db.cachedStatement(sql: "SELECT 1 FROM inventory WHERE key = ?")
        let isScanned = try Int.fetchOne(known, arguments: [digest]) != nil
        guard let key = isScanned ? digest : upload else { return 0 }
        let sql = """
            SELECT coalesce(max(packages), 0) FROM inventory
            WHERE key = ?1 OR key IN (SELECT child FROM child WHERE parent = ?1)
            """
        return try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [key]) ?? 0
    }

    private static func write(_ summary: ImageSummary, _ db: Database) throws {
        let data = try JSONFormat.encode(summary)
        let name = summary.name.text
        let old = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT summary FROM image WHERE name = ?"), arguments: [name])
        guard old != data else { return }
        let sql = """
            INSERT INTO image (name, registry, repository, digest, trashed, status, summary) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, trashed = excluded.trashed,
            status = excluded.status, summary = excluded.summary
            """
        try db.cachedStatement(sql: sql).execute(
            arguments: [
                name, summary.name.registry.text, summary.name.repository.text, summary.digest?.text,
                summary.restorableUntil != nil, summary.status.rawValue, data,
            ])
        try touch(name, db)
    }

    static func remove(name: String, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM image WHERE name = ?").execute(arguments: [name])
        guard db.changesCount > 0 else { return }
        try touch(name, db)
    }

    static func showUnreadable(_ name: ImageName, reason: String, _ db: Database) throws {
        let summary = ImageSummary(
            name: name, digest: nil, revision: 0, status: .undetermined,
            reasons: ["its record cannot be read: \(reason)"], counts: .init(), packages: 0, previous: nil,
            failure: nil,
            sources: [], firstSeenAt: Date(timeIntervalSince1970: 0), judgedAt: nil)
        try write(summary, db)
    }

    /// Gives the image the next place in the order of changes.
    private static func touch(_ name: String, _ db: Database) throws {
        let sql = """
            INSERT INTO change (name, seq) VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM change))
            ON CONFLICT (name) DO UPDATE SET seq = (SELECT max(seq) + 1 FROM change)
            """
        try db.cachedStatement(sql: sql).execute(arguments: [name])
    }

    // MARK: What summaries are computed from

    static func store(_ facts: VerdictFacts, key: String, _ db: Database) throws {
        let sql = """
            INSERT INTO verdict VALUES (?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, facts = excluded.facts
            """
        try db.cachedStatement(sql: sql).execute(arguments: [key, facts.digest.text, try JSONFormat.encode(facts)])
    }

    static func store(_ facts: ScanFacts, digest: String, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO scan VALUES (?, ?)")
            .execute(arguments: [digest, try JSONFormat.encode(facts)])
    }

    static func storeInventory(
        _ key: String, digest: Digest, packages: Int, chain: Digest?, children: [String], _ db: Database
    ) throws {
        try removeInventory(key, db)
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO inventory VALUES (?, ?, ?, ?)").execute(
            arguments: [key, digest.text, packages, chain?.text])
        for child in children {
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO child VALUES (?, ?)")
                .execute(arguments: [key, child])
        }
    }

    static func removeInventory(_ key: String, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM inventory WHERE key = ?").execute(arguments: [key])
        try db.cachedStatement(sql: "DELETE FROM child WHERE parent = ?").execute(arguments: [key])
    }
}
