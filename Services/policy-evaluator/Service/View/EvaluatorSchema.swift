import Events
import GRDB

/// The tables of `policy-evaluator.sqlite`. All of them can be made again from the log.
enum EvaluatorSchema {
    /// The number is raised when tables change, or when the same inputs would be judged differently: everything is then
    /// judged again.
    static let version = EventSchemas.viewVersion(
        4, reading: EvaluatorProjection.topics, and: [AdvisoryRecord.self])

    static let tables = [
        "meta", "names", "registries", "policies", "inventories", "children", "packages", "inventory_packages",
        "scan_status",
        "verdicts",
        "advisories", "generations", "dirty", "unreadable", "overwritten",
    ]

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

                -- Images and candidates. `live`: has a digest and is not in the trash. `inventory`: an upload; of an
                -- image only used while there is no scan of ours. `resolved`: a registry shows the digest.
                -- `asked_at`: when a candidate was uploaded.
                CREATE TABLE names (
                    key TEXT PRIMARY KEY, name TEXT NOT NULL, registry TEXT NOT NULL, repository TEXT NOT NULL,
                    digest TEXT, inventory TEXT, resolved INTEGER NOT NULL,
                    asked_at REAL, live INTEGER NOT NULL,
                    event TEXT NOT NULL, traceparent TEXT) STRICT;
                CREATE INDEX names_digest ON names (digest);
                CREATE INDEX names_inventory ON names (inventory);
                CREATE INDEX names_repository ON names (registry, repository);

                -- Of each registry, which platforms of an index are judged.
                CREATE TABLE registries (name TEXT PRIMARY KEY, platforms BLOB NOT NULL) STRICT;
                CREATE TABLE policies (id TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

                CREATE TABLE inventories (
                    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, position INTEGER NOT NULL,
                    is_index INTEGER NOT NULL, value BLOB, form TEXT NOT NULL, sha256 TEXT, error TEXT) STRICT;
                CREATE INDEX inventories_digest ON inventories (digest);
                -- Of indexes. `parent` and `child` are keys of inventories: an upload's children are its uploader's.
                CREATE TABLE children (
                    parent TEXT NOT NULL, child TEXT NOT NULL, digest TEXT NOT NULL, platform BLOB NOT NULL,
                    PRIMARY KEY (child, parent, platform)) STRICT, WITHOUT ROWID;
                CREATE INDEX children_parent ON children (parent);

                -- Which inventories an advisory's package touches.
                CREATE TABLE packages (
                    id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (ecosystem, name)) STRICT;
                CREATE TABLE inventory_packages (
                    package INTEGER NOT NULL, inventory INTEGER NOT NULL,
                    PRIMARY KEY (package, inventory)) STRICT, WITHOUT ROWID;
                CREATE INDEX inventory_packages_inventory ON inventory_packages (inventory);

                CREATE TABLE scan_status (digest TEXT PRIMARY KEY, value BLOB, form TEXT NOT NULL) STRICT;
                CREATE TABLE verdicts (
                    key TEXT PRIMARY KEY, digest TEXT NOT NULL, value BLOB NOT NULL, form TEXT NOT NULL,
                    valid_until REAL) STRICT;
                CREATE INDEX verdicts_valid_until ON verdicts (valid_until);

                -- Each version of an advisory that may still be wanted; a null value is its removal.
                CREATE TABLE advisories (
                    key TEXT NOT NULL, generation INTEGER NOT NULL, value BLOB, form TEXT NOT NULL,
                    PRIMARY KEY (key, generation)) STRICT;
                CREATE INDEX advisories_generation ON advisories (generation);
                CREATE TABLE generations (
                    number INTEGER PRIMARY KEY, advisories_end INTEGER NOT NULL, value BLOB NOT NULL, form TEXT NOT NULL) STRICT;

                -- Names to be judged. A name that becomes dirty again gets a new stamp. `later`: it has a verdict on its
                -- digest, so it waits for those that have none.
                CREATE TABLE dirty (
                    stamp INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, later INTEGER NOT NULL) STRICT;
                CREATE INDEX dirty_order ON dirty (later, stamp);
                -- `newer`: its schema is newer than this program.
                CREATE TABLE unreadable (
                    topic TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, newer INTEGER NOT NULL,
                    PRIMARY KEY (topic, key)) STRICT;

                -- Keys of our own topics that an older instance wrote late: what is here for them is to be written again.
                CREATE TABLE overwritten (
                    topic TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (topic, key)) STRICT, WITHOUT ROWID;
                """)
    }
}

/// Marks names that must be judged again. Those without a verdict on their digest are judged first, so that a push does
/// not wait for all that an import or a policy makes dirty.
enum Dirty {
    static func name(_ key: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO dirty (key, later) VALUES (?1, NOT EXISTS (
                    SELECT 1 FROM names WHERE key = ?1 AND live = 1
                        AND digest IS NOT (SELECT verdicts.digest FROM verdicts WHERE verdicts.key = ?1)))
                """
        ).execute(arguments: [key])
    }

    /// A verdict on a name's digest has come: the name may wait, if it must be judged again.
    static func hasVerdict(_ key: String, on digest: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: "UPDATE dirty SET later = 1 WHERE key = ?1 AND ?2 = (SELECT digest FROM names WHERE key = ?1)"
        ).execute(arguments: [key, digest])
    }

    static func all(_ db: Database) throws { try names(where: "1", [], db) }

    static func names(where condition: String, _ arguments: StatementArguments, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO dirty (key, later)
                SELECT key, digest IS (SELECT verdicts.digest FROM verdicts WHERE verdicts.key = names.key)
                FROM names WHERE live = 1 AND (\(condition))
                """)
        try statement.execute(arguments: arguments)
    }

    /// Names that are judged from this inventory: by digest, as an upload, as a platform of an index.
    static func inventory(_ key: String, digest: String, _ db: Database) throws {
        try names(
            where: """
                digest = ?1 OR inventory = ?2 OR digest IN (SELECT parent FROM children WHERE child = ?2)
                OR inventory IN (SELECT parent FROM children WHERE child = ?2)
                """, [digest, key], db)
    }
}

/// Small facts under a name.
enum Meta: String {
    /// The number of the generation in force.
    case active
    /// The generation up to which the names that it touches were marked dirty.
    case marked
    /// The oldest generation whose versions of all advisories are here.
    case floor
    /// When the last full pass ended, in seconds since 1970.
    case judgedAt

    func read(_ db: Database) throws -> String? {
        try String.fetchOne(db.cachedStatement(sql: "SELECT value FROM meta WHERE key = ?"), arguments: [rawValue])
    }

    func readNumber(_ db: Database) throws -> Int? { try read(db).flatMap { Int($0) } }

    func write(_ value: String?, _ db: Database) throws {
        guard let value else {
            return try db.cachedStatement(sql: "DELETE FROM meta WHERE key = ?").execute(arguments: [rawValue])
        }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
            .execute(arguments: [rawValue, value])
    }
}
