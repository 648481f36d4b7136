import Advisories
import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

extension EvaluatorProjection {
    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        let db = transaction.db
        guard try !isLate(record, db) else { return }
        try readable(record, db)
        switch effect {
        case .nothing: break
        case .image(let image): try apply(image, record, db)
        case .candidate(let candidate): try apply(candidate, record, db)
        case .registry(let registry): try apply(registry, record, db)
        case .policy(let policy): try apply(policy, record, db)
        case .inventory(let inventory): try apply(inventory, record, db)
        case .scanStatus: try applyScanStatus(record, db)
        case .verdict(let verdict): try apply(verdict, record, db)
        case .judged(let judged):
            if let judged { try Meta.judgedAt.write(String(judged.judgedAt.timeIntervalSince1970), db) }
        case .advisory(let generation):
            // A later record of an earlier generation takes back what an import that failed had written.
            try db.cachedStatement(sql: "DELETE FROM advisories WHERE key = ? AND generation > ?")
                .execute(arguments: [record.key, generation])
            let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO advisories VALUES (?, ?, ?, ?)")
            try statement.execute(arguments: [record.key, generation, record.value, StoredValue.form(of: record)])
        case .generation(let number, let end):
            let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?)")
            try statement.execute(arguments: [number, end, record.value, StoredValue.form(of: record)])
        case .generationGone(let number):
            try db.cachedStatement(sql: "DELETE FROM generations WHERE number = ?").execute(arguments: [number])
        case .active(let number, let end):
            try Meta.active.write(number.map(String.init), db)
            guard let number else { return }
            // It says all that the generation's own record says, which may be one that cannot be read.
            let statement = try db.cachedStatement(sql: "INSERT OR IGNORE INTO generations VALUES (?, ?, ?, ?)")
            try statement.execute(arguments: [number, end, record.value, StoredValue.form(of: record)])
        }
    }

    // MARK: Names

    private func apply(_ image: ImageRecord?, _ record: WholeRecord, _ db: Database) throws {
        guard let image else { return try removeName(record.key, db) }
        let live = image.digest != nil && image.trash == nil
        try putName(
            record, name: image.name, digest: image.digest, inventory: image.upload,
            isResolved: image.resolution == .resolved, askedAt: nil, live: live, db)
    }

    private func apply(_ candidate: CandidateRecord?, _ record: WholeRecord, _ db: Database) throws {
        guard let candidate else { return try removeName(record.key, db) }
        try putName(
            record, name: candidate.name, digest: candidate.digest, inventory: candidate.inventoryKey,
            isResolved: false, askedAt: candidate.createdAt, live: true, db)
    }

    private func putName(
        _ record: WholeRecord, name: ImageName, digest: Digest?, inventory: String?, isResolved: Bool,
        askedAt: Date?, live: Bool, _ db: Database
    ) throws {
        let context = record.context
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                record.key, name.text, name.registry.text, name.repository.text, digest?.text, inventory, isResolved,
                askedAt?.timeIntervalSince1970, live, context.id, context.traceparent,
            ])
        if live { try Dirty.name(record.key, db) }
    }

    /// Its verdict ends with it: the judge finds a dirty key without a name.
    private func removeName(_ key: String, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM names WHERE key = ?").execute(arguments: [key])
        try Dirty.name(key, db)
    }

    // MARK: Registries

    /// What it judges of an index depends on its registry's platforms alone.
    private func apply(_ registry: Registry?, _ record: WholeRecord, _ db: Database) throws {
        let old = try EvaluatorRows.platforms(of: record.key, db)
        if old == registry?.platforms { return }
        if let registry {
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO registries VALUES (?, ?)")
                .execute(arguments: [record.key, try JSONFormat.encode(registry.platforms)])
        } else {
            try db.cachedStatement(sql: "DELETE FROM registries WHERE name = ?").execute(arguments: [record.key])
        }
        try Dirty.names(where: "registry = ?", [record.key], db)
    }

    // MARK: Policies

    private func apply(_ policy: Policy?, _ record: WholeRecord, _ db: Database) throws {
        let known = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM policies WHERE id = ?"), arguments: [record.key])
        let old = try known.map { try JSONFormat.decode(Policy.self, from: $0) }
        if old == policy { return }
        if let policy {
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO policies VALUES (?, ?)")
                .execute(arguments: [record.key, try JSONFormat.encode(policy)])
        } else {
            try db.cachedStatement(sql: "DELETE FROM policies WHERE id = ?").execute(arguments: [record.key])
        }
        try markScope([old, policy].compactMap { $0 }, db)
    }

    private func markScope(_ policies: [Policy], _ db: Database) throws {
        let places = try Row.fetchAll(db, sql: "SELECT DISTINCT registry, repository FROM names WHERE live = 1")
        for row in places {
            let registry = try RegistryName(row["registry"])
            let repository = try RepositoryName(row["repository"])
            guard policies.contains(where: { $0.scope.contains(registry: registry, repository: repository) }) else {
                continue
            }
            try Dirty.names(where: "registry = ? AND repository = ?", [registry.text, repository.text], db)
        }
    }

    // MARK: Scans

    private func apply(_ inventory: ReadInventory?, _ record: WholeRecord, _ db: Database) throws {
        try removeInventory(record.key, db)
        guard let inventory, let stored = StoredValue(record) else { return }
        try db.cachedStatement(sql: "INSERT INTO inventories VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, NULL)").execute(
            arguments: [
                record.key, inventory.digest.text, record.id.position, inventory.children != nil, stored.value,
                stored.form, inventory.sha256.text,
            ])
        let id = db.lastInsertedRowID
        for child in inventory.children ?? [] {
            let key = InventoryRecord.childKey(child.digest, ofIndex: record.key)
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO children VALUES (?, ?, ?, ?)")
                .execute(arguments: [record.key, key, child.digest.text, try JSONFormat.encode(child.platform)])
        }
        for target in inventory.targets { try link(id, to: target, db) }
        try Dirty.inventory(record.key, digest: inventory.digest.text, db)
    }

    private func link(_ inventory: Int64, to target: AdvisedPackage, _ db: Database) throws {
        let name: StatementArguments = [target.ecosystem.text, target.name]
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO packages (ecosystem, name) VALUES (?, ?)").execute(
            arguments: name)
        try db.cachedStatement(
            sql: "INSERT INTO inventory_packages SELECT id, ?3 FROM packages WHERE ecosystem = ?1 AND name = ?2"
        ).execute(arguments: name + [inventory])
    }

    func removeInventory(_ key: String, _ db: Database) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT id, digest FROM inventories WHERE key = ?"), arguments: [key])
        guard let row else { return }
        let digest: String = row["digest"]
        try Dirty.inventory(key, digest: digest, db)
        try db.cachedStatement(sql: "DELETE FROM inventory_packages WHERE inventory = ?").execute(arguments: [
            row["id"] as Int64
        ])
        try db.cachedStatement(sql: "DELETE FROM children WHERE parent = ?").execute(arguments: [key])
        try db.cachedStatement(sql: "DELETE FROM inventories WHERE key = ?").execute(arguments: [key])
    }

    private func applyScanStatus(_ record: WholeRecord, _ db: Database) throws {
        if let stored = StoredValue(record) {
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO scan_status VALUES (?, ?, ?)")
                .execute(arguments: [record.key, stored.value, stored.form])
        } else {
            try db.cachedStatement(sql: "DELETE FROM scan_status WHERE digest = ?").execute(arguments: [record.key])
        }
        try Dirty.inventory(record.key, digest: record.key, db)
    }

    // MARK: Own output

    private func apply(_ verdict: VerdictRecord?, _ record: WholeRecord, _ db: Database) throws {
        if let verdict, let stored = StoredValue(record) {
            let until = verdict.verdict.validUntil?.timeIntervalSince1970
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)")
                .execute(arguments: [record.key, verdict.digest.text, stored.value, stored.form, until])
            try Dirty.hasVerdict(record.key, on: verdict.digest.text, db)
        } else {
            try db.cachedStatement(sql: "DELETE FROM verdicts WHERE key = ?").execute(arguments: [record.key])
        }
    }
}
