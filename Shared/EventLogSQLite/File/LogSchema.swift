import GRDB

/// The tables of `log.sqlite`.
///
/// A partition of a topic is a *slot*. A record's row id is its slot and its position in one number, so the table
/// itself
/// is the order of each partition and reading needs no index. For topics of kind `state` three small tables say what
/// compaction may take: the newest row of each key, the rows that were superseded, and the tombstones.
enum LogSchema {
    static let positionBits: Int64 = 40
    static let positionMax: Int64 = (1 << positionBits) - 1

    static func row(slot: Int64, position: Int64) -> Int64 { slot << positionBits | position }
    static func slot(ofRow row: Int64) -> Int64 { row >> positionBits }
    static func position(ofRow row: Int64) -> Int64 { row & positionMax }

    static func migrator(identity: String) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: tables)
            try db.execute(sql: "INSERT INTO meta VALUES ('identity', ?)", arguments: [identity])
        }
        return migrator
    }

    private static let tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE topics (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, keep_seconds INTEGER,
            partitions INTEGER NOT NULL) STRICT;
        CREATE TABLE slots (
            id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topics, partition INTEGER NOT NULL,
            next INTEGER NOT NULL, UNIQUE (topic, partition)) STRICT;
        CREATE TABLE records (
            row INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, headers BLOB, value BLOB) STRICT;
        CREATE TABLE newest (
            slot INTEGER NOT NULL, key TEXT NOT NULL, row INTEGER NOT NULL,
            PRIMARY KEY (slot, key)) STRICT, WITHOUT ROWID;
        CREATE TABLE superseded (row INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE tombstones (row INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
        CREATE INDEX tombstones_by_age ON tombstones (at);
        CREATE TABLE positions (
            group_name TEXT NOT NULL, slot INTEGER NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (group_name, slot)) STRICT, WITHOUT ROWID;
        """
}
