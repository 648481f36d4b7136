import EventLogPort
import Foundation
import GRDB
import Storage

/// Reads records of one slot, a bounded page at a time, beside the writer.
struct LogPages: Sendable {
    static let recordsMax = 500
    static let pageBytesMax = 4 * 1024 * 1024

    private let pool: DatabasePool
    /// As many as the pool has readers, so none waits for a connection on a thread.
    private let threads: OwnThreads

    init(pool: DatabasePool) {
        self.pool = pool
        threads = OwnThreads(name: "log-reader", threadsMax: pool.configuration.maximumReaderCount)
    }

    /// The records after `position` up to `end`, at most `limit` and about `pageBytesMax`.
    /// - Returns: the records, and the position up to which the slot was looked through.
    func fetch(
        _ slot: Int64, _ partition: TopicPartition, after position: Int64, upTo end: Int64, limit: Int
    ) async throws -> (records: [EventLogPort.Record], reached: Int64) {
        try await read { db in try Self.fetch(db, slot, partition, after: position, upTo: end, limit: limit) }
    }

    private func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try Task.checkCancellation()
        let pool = pool
        do {
            return try await threads.run { try pool.read(body) }
        } catch {
            throw LogFailure.translate(error)
        }
    }

    private static func fetch(
        _ db: Database, _ slot: Int64, _ partition: TopicPartition, after position: Int64, upTo end: Int64, limit: Int
    ) throws -> (records: [EventLogPort.Record], reached: Int64) {
        let statement = try db.cachedStatement(
            sql: "SELECT row, at, key, headers, value FROM records WHERE row > ? AND row <= ? ORDER BY row LIMIT ?")
        let first = LogSchema.row(slot: slot, position: position + 1) - 1
        let last = LogSchema.row(slot: slot, position: end)
        let rows = try Row.fetchCursor(statement, arguments: [first, last, limit])
        var records: [EventLogPort.Record] = []
        var bytes = 0
        while let row = try rows.next() {
            let record = try decode(row, partition)
            records.append(record)
            bytes += record.value?.count ?? 0
            if bytes >= pageBytesMax { break }
        }
        let isWhole = records.count < limit && bytes < pageBytesMax
        return (records, isWhole ? end : records.last?.position ?? end)
    }

    private static func decode(_ row: Row, _ partition: TopicPartition) throws -> EventLogPort.Record {
        let id = RecordID(
            topic: partition.topic, partition: partition.partition, position: LogSchema.position(ofRow: row[0]))
        let headers = try row.withUnsafeData(atIndex: 3) { data in
            try data?.withUnsafeBytes { try HeaderCoding.decode($0) } ?? []
        }
        let at = Date(timeIntervalSince1970: Double(row[1] as Int64) / 1000)
        return EventLogPort.Record(id: id, key: row[2], value: row[4], headers: headers, appendedAt: at)
    }

    /// For each slot, in the order given, the position of the newest record that is there, -1 for none: one moment of
    /// the file.
    func newest(in slots: [Int64]) async throws -> [Int64] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT max(row) FROM records WHERE row BETWEEN ? AND ?")
            return try slots.map { slot in
                let row = try Int64.fetchOne(
                    statement,
                    arguments: [
                        LogSchema.row(slot: slot, position: 0),
                        LogSchema.row(slot: slot, position: LogSchema.positionMax),
                    ])
                return row.map { LogSchema.position(ofRow: $0) } ?? -1
            }
        }
    }
}
