import EventLogPort
import Events
import GRDB
import Model

/// Finds what the log has of a digest's inventory.
protocol InventoryDirectory: Sendable {
    /// nil while that is not known.
    func family(of digest: Digest) async throws -> InventoryFamily?
}

extension ReadModel: InventoryDirectory {
    private static let familyWait: Duration = .seconds(10)

    func family(of digest: Digest) async throws -> InventoryFamily? {
        // A model that is being built, or is behind, does not know all of it.
        guard isReady else { return nil }
        do { try await view.waitForEnd(of: Topics.inventories.name, within: Self.familyWait) } catch ViewError.tooLate {
            return nil
        }
        return try await read { db in
            let children = try Self.linked("child", where: "parent", is: digest, db)
            return InventoryFamily(
                member: try Self.member(digest, db), children: try children.sorted().map { try Self.member($0, db) })
        }
    }

    private static func member(_ digest: Digest, _ db: Database) throws -> InventoryFamily.Member {
        let keys = try String.fetchAll(
            db, sql: "SELECT key FROM inventory WHERE digest = ? ORDER BY key", arguments: [digest.text])
        let parents = try linked("parent", where: "child", is: digest, db).filter { parent in
            try Bool.fetchOne(db, sql: "SELECT 1 FROM inventory WHERE digest = ?", arguments: [parent.text]) ?? false
        }
        return InventoryFamily.Member(digest: digest, keys: keys, parents: parents)
    }

    /// The other ends of the links of a digest, by itself or by the keys of uploads of it.
    private static func linked(
        _ wanted: String, where column: String, is digest: Digest, _ db: Database
    ) throws -> Set<Digest> {
        // `0` follows `/`: all keys that begin with the digest and a slash.
        let isUpload = "\(column) > ?1 || '/' AND \(column) < ?1 || '0'"
        let sql = "SELECT \(wanted) FROM child WHERE \(column) = ?1 OR (\(isUpload))"
        let texts = try String.fetchAll(db, sql: sql, arguments: [digest.text])
        return Set(texts.compactMap { try? Digest(String($0.prefix { $0 != "/" })) })
    }
}
