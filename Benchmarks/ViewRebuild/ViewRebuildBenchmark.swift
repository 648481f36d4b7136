import EventLogKafka
import EventLogPort
import EventLogSQLite
import Foundation
import GRDB
import Logging
import Storage

/// A view is built from 100,000 state records of 1 KiB: records per second, and the memory of the process after a tenth
/// of them and after all.
///
/// From the brokers of `PRATIQUE_BENCH_KAFKA=host:port`, else from the embedded log.
@main
enum ViewRebuildBenchmark {
    static let records = 100_000
    static let batch = 500

    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let topic = Topic(try TopicName("bench-\(UUID().uuidString.lowercased())"), .state)
        let log = try await open(folder)
        try await log.declare([topic])
        let value = Data(repeating: UInt8(ascii: "x"), count: 1024)
        for first in stride(from: 0, to: records, by: batch) {
            _ = try await log.append(
                (first..<first + batch).map { RecordDraft(topic: topic.name, key: "key-\($0)", value: value) })
        }
        let store = try await SQLiteViewStore.open(
            folder.appending(path: "view.sqlite"), version: 1, logger: Logger(label: "bench"),
            schema: { try $0.execute(sql: "CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB) STRICT") })
        let view = View(
            Rows(topics: [topic.name]), store: store, log: log, time: .system, logger: Logger(label: "bench"))
        let clock = ContinuousClock()
        let start = clock.now
        let feeding = Task { try await view.run() }
        try await view.waitFor(
            [TopicPartition(topic: topic.name, partition: 0): Int64(records / 10)], within: .seconds(600))
        let early = resident()
        try await view.waitForEnd(of: topic.name, within: .seconds(600))
        let took = clock.now - start
        let late = resident()
        feeding.cancel()
        _ = await feeding.result
        await store.close()
        await log.close()
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        print("view rebuild, records/s: \(Int(Double(records) / seconds))")
        print("view rebuild, MiB after a tenth: \(early)")
        print("view rebuild, MiB at the end: \(late)")
    }

    private static func open(_ folder: URL) async throws -> any EventLog {
        if let brokers = ProcessInfo.processInfo.environment["PRATIQUE_BENCH_KAFKA"], !brokers.isEmpty {
            return try KafkaEventLog(
                KafkaConfiguration(brokers: brokers), time: .system, logger: Logger(label: "bench"))
        }
        return try await SQLiteEventLog.open(
            folder: folder.appending(path: "log"), time: .system, logger: Logger(label: "bench"))
    }

    /// Resident memory of this process, in MiB.
    private static func resident() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) / 1024
    }

    private struct Rows: Projection {
        typealias Transaction = SQLiteViewStore.Transaction
        let version = 1
        let topics: [TopicName]

        func prepare(_ record: WholeRecord) async throws -> Data? { record.value }

        func apply(_ value: Data?, of record: WholeRecord, in transaction: borrowing Transaction) throws {
            try transaction.db.cachedStatement(sql: "INSERT OR REPLACE INTO rows VALUES (?, ?)")
                .execute(arguments: [record.key, value])
        }

        func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
            throw error
        }

        func reset(in transaction: borrowing Transaction) throws { try transaction.db.execute(sql: "DELETE FROM rows") }
    }
}
