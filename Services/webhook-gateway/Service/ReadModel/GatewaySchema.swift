import Events
import GRDB

/// The tables of the read model. Disposable: another version is built again from the log.
enum GatewaySchema {
    /// The number is raised with every change here, in `GatewayProjection` or in what it computes from a record.
    static let version = EventSchemas.viewVersion(4, reading: GatewayProjection.topics)

    static func create(_ db: Database) throws {
        for statement in statements { try db.execute(sql: statement) }
        try begin(db)
    }

    static func empty(_ db: Database) throws {
        for table in [
            "document", "journal", "letter", "image", "verdict", "scan", "inventory", "child", "change", "unreadable",
        ] {
            try db.execute(sql: "DELETE FROM \(table)")
        }
        try begin(db)
        // What is held in memory is read again.
        try db.execute(sql: "UPDATE counter SET value = value + 1 WHERE name = 'directory'")
    }

    /// A generation of the read model: its order of changes says nothing of another one's.
    private static func begin(_ db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO counter VALUES ('generation', abs(random() % 4294967296))")
    }

    private static let statements = [
        // State by key, as the log has it.
        """
        CREATE TABLE document (topic TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, headers TEXT NOT NULL,
            value BLOB NOT NULL, appended_at REAL NOT NULL, PRIMARY KEY (topic, key)) STRICT
        """,
        // Journals, the newest of each key.
        """
        CREATE TABLE journal (topic TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, headers TEXT NOT NULL,
            value BLOB NOT NULL, appended_at REAL NOT NULL, PRIMARY KEY (topic, position)) STRICT
        """,
        "CREATE INDEX journal_key ON journal (topic, key, position)",
        // Dead letters, which are in the journal; `replayed_at`: when it was put back last.
        "CREATE TABLE letter (position INTEGER PRIMARY KEY, cause TEXT NOT NULL, replayed_at REAL) STRICT",
        "CREATE INDEX letter_cause ON letter (replayed_at, cause, position)",
        // What the list of images shows, ready made.
        """
        CREATE TABLE image (name TEXT PRIMARY KEY NOT NULL, registry TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT,
            trashed INTEGER NOT NULL, status TEXT NOT NULL, summary BLOB NOT NULL) STRICT
        """,
        "CREATE INDEX image_digest ON image (digest)",
        "CREATE INDEX image_status ON image (trashed, status, name)",
        "CREATE INDEX image_registry ON image (trashed, registry, name)",
        // What a summary is computed from.
        """
        CREATE TABLE verdict (key TEXT PRIMARY KEY NOT NULL, digest TEXT NOT NULL, facts BLOB NOT NULL) STRICT
        """,
        "CREATE TABLE scan (digest TEXT PRIMARY KEY NOT NULL, facts BLOB NOT NULL) STRICT",
        // `chain`: of all its layers; null of an index.
        """
        CREATE TABLE inventory (key TEXT PRIMARY KEY NOT NULL, digest TEXT NOT NULL, packages INTEGER NOT NULL,
            chain TEXT) STRICT
        """,
        "CREATE INDEX inventory_digest ON inventory (digest)",
        "CREATE INDEX inventory_chain ON inventory (chain)",
        // An index and its platforms, by the keys of their inventories.
        """
        CREATE TABLE child (parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (parent, child)) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX child_parent ON child (child)",
        // The order in which images changed, for those who follow.
        "CREATE TABLE change (name TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL) STRICT",
        "CREATE UNIQUE INDEX change_seq ON change (seq)",
        "CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT",
        "CREATE TABLE unreadable (topic TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (topic, key)) STRICT",
    ]
}
