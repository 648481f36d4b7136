import GRDB
import Model

import struct Crypto.SHA256

/// Which image of the catalogue another one was built upon: the one whose layers are its first ones.
///
/// The history of an image lets guess where the base ends; this knows it, and its name, whatever the image states.
///
/// **Limits.** Only images that a scanner has read: what was uploaded could claim any layers.
enum KnownBases {
    /// Names of one base that are looked through for one that the reader may see.
    private static let namesMax = 100

    /// What stands for the layers up to each of them (chain IDs of the OCI image configuration): images that begin with
    /// the same layers have them in common, however those are compressed.
    static func chain(of layers: [Inventory.Layer]) -> [Digest] {
        var chain: [Digest] = []
        for layer in layers {
            guard let diffID = layer.diffID else { return chain }
            guard let below = chain.last else {
                chain.append(diffID)
                continue
            }
            chain.append(Digest(sha256: SHA256.hash(data: Array("\(below.text) \(diffID.text)".utf8))))
        }
        return chain
    }

    /// For the column `chain` of the table `inventory`: of all layers, where all of them are known.
    static func identity(of layers: [Inventory.Layer]) -> Digest? {
        let chain = chain(of: layers)
        return chain.count == layers.count ? chain.last : nil
    }

    /// The base as the image states it, if the catalogue has that one; else the largest one that the catalogue has,
    /// unless the history tells a larger one.
    static func base(
        of inventory: Inventory, seenBy caller: Principal, _ db: Database
    ) throws -> BaseImage? {
        let told = inventory.baseImage ?? BaseImage()
        let chain = Array(chain(of: inventory.layers).prefix(max(inventory.layers.count - 1, 0)))
        let stated = try told.digest.flatMap { try self.stated($0, in: chain, db) }
        let larger = chain.indices.reversed().filter { $0 + 1 >= told.layers.count }
        for index in [stated].compactMap(\.self) + larger {
            guard let image = try names(of: chain[index], db).first(where: caller.sees) else { continue }
            let layers = inventory.layers[...index].map(\.digest)
            return BaseImage(name: told.name, digest: told.digest, layers: layers, image: image)
        }
        return inventory.baseImage
    }

    /// Where the layers of the manifest or index with this digest end.
    private static func stated(_ digest: String, in chain: [Digest], _ db: Database) throws -> Int? {
        let sql = """
            SELECT chain FROM inventory WHERE chain IS NOT NULL
            AND (digest = ?1 OR key IN (SELECT child FROM child WHERE parent = ?1))
            """
        let known = Set(try String.fetchAll(db.cachedStatement(sql: sql), arguments: [digest]))
        return chain.lastIndex { known.contains($0.text) }
    }

    private static func names(of identity: Digest, _ db: Database) throws -> [ImageName] {
        let sql = """
            SELECT name FROM image WHERE trashed = 0 AND digest IN (
                SELECT digest FROM inventory WHERE chain = ?1
                UNION SELECT whole.digest FROM inventory AS part JOIN child ON child.child = part.key
                JOIN inventory AS whole ON whole.key = child.parent WHERE part.chain = ?1)
            ORDER BY name LIMIT \(namesMax)
            """
        return try String.fetchAll(db.cachedStatement(sql: sql), arguments: [identity.text]).compactMap {
            try? ImageName($0)
        }
    }
}
