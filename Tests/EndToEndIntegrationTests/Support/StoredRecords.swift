import EventLogPort
import EventLogSQLite
import Events
import Foundation
import TestSupport

/// The log of an instance that was stopped, read as it lies on the disk.
enum StoredRecords {
    /// Every record of a topic that is still there, by partition and position; values in parts put together.
    static func all(of topics: [TopicName], in data: URL) async throws -> [TopicName: [WholeRecord]] {
        let log = try await SQLiteEventLog.open(
            folder: data.appending(path: "log"), time: .system, logger: testLogger)
        do {
            var found: [TopicName: [WholeRecord]] = [:]
            for topic in topics { found[topic] = try await records(of: topic, log) }
            await log.close()
            return found
        } catch {
            await log.close()
            throw error
        }
    }

    /// Every value of every topic, decompressed, with the record that it is of.
    static func plainValues(in data: URL) async throws -> [(String, Data)] {
        let topics = try Topics.all(pools: ["default"]).map(\.name)
        return try await all(of: topics, in: data).flatMap { _, records in
            try records.compactMap { record in
                try record.plainValue().map { ("\(record.id)", $0) }
            }
        }
    }

    private static func records(of topic: TopicName, _ log: SQLiteEventLog) async throws -> [WholeRecord] {
        var missing = try await log.end(of: topic).filter { $0.value >= 0 }
        guard !missing.isEmpty else { return [] }
        var records: [WholeRecord] = []
        let reader = try await log.read(topic, after: [:])
        while !missing.isEmpty, let batch = try await reader.next() {
            for record in batch {
                if case .whole(let whole) = try await WholeReader(log: log).assemble(record) { records.append(whole) }
                if record.position >= missing[record.id.partition] ?? .max { missing[record.id.partition] = nil }
            }
        }
        await reader.close()
        return records
    }
}
