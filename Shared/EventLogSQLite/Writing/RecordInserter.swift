import EventLogPort
import Foundation
import GRDBSQLite

/// Inserts records within the writer's transactions. Belongs to the writer's thread.
final class RecordInserter {
    private let begin: RawStatement
    private let commit: RawStatement
    private let rollback: RawStatement
    private let dataVersion: RawStatement
    private let insert: RawStatement
    private let setNext: RawStatement
    private let readNext: RawStatement
    private let newestRow: RawStatement
    private let setNewest: RawStatement
    private let supersede: RawStatement
    private let bury: RawStatement
    private let setPosition: RawStatement

    /// The next position of each slot used so far, valid as long as no other process wrote.
    private var next: [Int64: Int64] = [:]
    private var touched: Set<Int64> = []
    private var version: Int64 = -1
    /// Whether others wrote since the ends were last read. A transaction notices it, too, and must not swallow it.
    private var hasNews = false

    init(_ connection: OpaquePointer) throws {
        func statement(_ sql: String) throws -> RawStatement { try RawStatement(connection, sql) }
        begin = try statement("BEGIN IMMEDIATE")
        commit = try statement("COMMIT")
        rollback = try statement("ROLLBACK")
        dataVersion = try statement("PRAGMA data_version")
        insert = try statement("INSERT INTO records (row, at, key, headers, value) VALUES (?, ?, ?, ?, ?)")
        setNext = try statement("UPDATE slots SET next = ? WHERE id = ?")
        readNext = try statement("SELECT next FROM slots WHERE id = ?")
        newestRow = try statement("SELECT row FROM newest WHERE slot = ? AND key = ?")
        setNewest = try statement(
            "INSERT INTO newest VALUES (?, ?, ?) ON CONFLICT (slot, key) DO UPDATE SET row = excluded.row")
        supersede = try statement("INSERT INTO superseded VALUES (?)")
        bury = try statement("INSERT INTO tombstones VALUES (?, ?)")
        setPosition = try statement(
            "INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position")
    }

    /// Runs `body` in one durable transaction.
    func transaction(_ body: () throws -> Void) throws {
        try begin.run()
        do {
            try look()
            try body()
            for slot in touched {
                setNext.bind(1, next[slot] ?? 0)
                setNext.bind(2, slot)
                try setNext.run()
            }
            touched = []
            CrashPoint.hit(.logBeforeCommit)
            try commit.run()
        } catch {
            // When SQLite rolled back by itself this one fails, and that is fine.
            try? rollback.run()
            next = [:]
            touched = []
            throw error
        }
    }

    /// Whether another connection has written since the last call.
    func othersWrote() throws -> Bool {
        try look()
        return hasNews
    }

    /// The ends of the slots were read again after `othersWrote`.
    func newsWereRead() { hasNews = false }

    /// Forgets what was remembered when another connection has written.
    private func look() throws {
        let found = try dataVersion.number() ?? -1
        guard found != version else { return }
        version = found
        next = [:]
        hasNews = true
    }

    /// - Returns: the record's position.
    func add(_ record: PreparedRecord, at milliseconds: Int64) throws -> Int64 {
        let position = try nextPosition(record.slot)
        guard position <= LogSchema.positionMax else { throw EventLogError.unavailable(reason: "a partition is full") }
        let row = LogSchema.row(slot: record.slot, position: position)
        var key = record.key
        try key.withUTF8 { key in
            insert.bind(1, row)
            insert.bind(2, milliseconds)
            insert.bindText(3, key)
            try record.headers.withUnsafeBytes { headers in
                if headers.isEmpty { insert.bindNull(4) } else { insert.bindBlob(4, headers) }
                if let value = record.value {
                    try value.withUnsafeBytes { value in
                        insert.bindBlob(5, value)
                        try insert.run()
                    }
                } else {
                    insert.bindNull(5)
                    try insert.run()
                }
            }
            if record.isState { try note(row, key, record, milliseconds) }
        }
        next[record.slot] = position + 1
        touched.insert(record.slot)
        return position
    }

    private func nextPosition(_ slot: Int64) throws -> Int64 {
        if let position = next[slot] { return position }
        readNext.bind(1, slot)
        guard let position = try readNext.number() else {
            throw EventLogError.corrupt(reason: "slot \(slot) is missing")
        }
        return position
    }

    private func note(
        _ row: Int64, _ key: UnsafeBufferPointer<UInt8>, _ record: PreparedRecord, _ milliseconds: Int64
    ) throws {
        newestRow.bind(1, record.slot)
        newestRow.bindText(2, key)
        if let old = try newestRow.number() {
            supersede.bind(1, old)
            try supersede.run()
        }
        setNewest.bind(1, record.slot)
        setNewest.bindText(2, key)
        setNewest.bind(3, row)
        try setNewest.run()
        guard record.value == nil else { return }
        bury.bind(1, row)
        bury.bind(2, milliseconds)
        try bury.run()
    }

    func setPosition(_ position: Int64, of group: String, in slot: Int64) throws {
        var group = group
        try group.withUTF8 { group in
            setPosition.bindText(1, group)
            setPosition.bind(2, slot)
            setPosition.bind(3, position)
            try setPosition.run()
        }
    }
}
