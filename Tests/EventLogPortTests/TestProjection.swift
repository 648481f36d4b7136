import EventLogPort
import EventLogSQLite
import Foundation
import GRDB
import Storage
import Synchronization
import TestSupport

struct BadRecord: Error {}

/// Keeps the newest value of each key of its topics. Values that start with `bad-prepare` or `bad-apply` cannot be
/// read.
struct NewestInMemory: Projection {
    struct Rows: Sendable, Equatable {
        var values: [String: String] = [:]
        var unreadable: Set<String> = []
        var applied = 0
        var resets = 0
    }

    var version = 1
    let topics: [TopicName]
    /// Called before each `apply`.
    var onApply: @Sendable () -> Void = {}

    static func store() -> MemoryViewStore<Rows> { MemoryViewStore(Rows()) }

    func prepare(_ record: WholeRecord) async throws -> String? {
        guard let value = record.value else { return nil }
        let text = String(decoding: value, as: UTF8.self)
        if text.hasPrefix("bad-prepare") { throw BadRecord() }
        return text
    }

    func apply(
        _ effect: String?, of record: WholeRecord, in transaction: borrowing MemoryViewStore<Rows>.Transaction
    ) throws {
        onApply()
        if effect?.hasPrefix("bad-apply") == true { throw BadRecord() }
        transaction.state.values[record.key] = effect
        transaction.state.unreadable.remove(record.key)
        transaction.state.applied += 1
    }

    func unreadable(
        _ record: WholeRecord, because error: any Error, in transaction: borrowing MemoryViewStore<Rows>.Transaction
    ) throws {
        transaction.state.values[record.key] = nil
        transaction.state.unreadable.insert(record.key)
    }

    func reset(in transaction: borrowing MemoryViewStore<Rows>.Transaction) throws {
        transaction.state.values = [:]
        transaction.state.unreadable = []
        transaction.state.resets += 1
    }
}

/// The same in SQLite.
struct NewestInFile: Projection {
    let version = 1
    let topics: [TopicName]
    /// Called in each `apply`, after its rows were written.
    var onApply: @Sendable () throws -> Void = {}

    static func store(_ file: URL, version: Int = 1) async throws -> SQLiteViewStore {
        try await SQLiteViewStore.open(file, version: version, logger: testLogger) { db in
            try db.execute(sql: "CREATE TABLE newest (key TEXT PRIMARY KEY, value TEXT, applied INTEGER NOT NULL)")
        }
    }

    static func rows(_ store: SQLiteViewStore) async throws -> [String: String] {
        try await store.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT key, value FROM newest WHERE value IS NOT NULL")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as String) })
        }
    }

    func prepare(_ record: WholeRecord) async throws -> String? {
        record.value.map { String(decoding: $0, as: UTF8.self) }
    }

    func apply(
        _ effect: String?, of record: WholeRecord, in transaction: borrowing SQLiteViewStore.Transaction
    ) throws {
        let db = transaction.db
        try db.execute(
            sql: """
                INSERT INTO newest VALUES (?, ?, 1)
                ON CONFLICT DO UPDATE SET value = excluded.value, applied = applied + 1
                """, arguments: [record.key, effect])
        try onApply()
        if effect?.hasPrefix("bad-apply") == true { throw BadRecord() }
    }

    func unreadable(
        _ record: WholeRecord, because error: any Error, in transaction: borrowing SQLiteViewStore.Transaction
    ) throws {
        try transaction.db.execute(
            sql: "INSERT OR REPLACE INTO newest VALUES (?, 'unreadable', 0)", arguments: [record.key])
    }

    func reset(in transaction: borrowing SQLiteViewStore.Transaction) throws {
        try transaction.db.execute(sql: "DELETE FROM newest")
    }
}

extension EventLog {
    /// Appends until it succeeds.
    func appendSurely(_ drafts: [RecordDraft]) async throws {
        for _ in 0..<50 {
            do {
                _ = try await append(drafts)
                return
            } catch let error as EventLogError where error.isTransient { continue }
        }
        throw DeadlinePassed(what: "an append")
    }
    /// Asks for the end until it is answered.
    func endSurely(of topic: TopicName) async throws -> [Int: Int64] {
        for _ in 0..<50 {
            do { return try await end(of: topic) } catch let error as EventLogError where error.isTransient { continue }
        }
        throw DeadlinePassed(what: "an end")
    }
}
