import EventLogPort
import EventLogSQLite
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Reading to an end")
struct ReadToEndTests {
    private let clock = ManualClock()
    private let topic = TopicName(constant: "topic")

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder, time: clock.time)
        try await log.declare([Topic(topic, .state)])
        return log
    }

    private func draft(_ key: String, _ value: String?) -> RecordDraft {
        RecordDraft(topic: topic, key: key, value: value.map { Data($0.utf8) })
    }

    private func keys(_ log: any EventLog, upTo ends: [Int: Int64]) async throws -> [String] {
        let reader = try await log.read(topic, after: [:])
        var reading = ReadToEnd(reader, of: topic, upTo: ends, log: log, time: clock.time)
        var keys: [String] = []
        while let batch = try await reading.next() { keys += batch.map(\.key) }
        await reader.close()
        return keys
    }

    @Test("it reads what is there and ends")
    func ends() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        #expect(try await keys(log, upTo: log.end(of: topic)).isEmpty)
        _ = try await log.append((0..<1200).map { draft("k\($0)", "v") })
        let found = try await keys(log, upTo: log.end(of: topic))
        #expect(found == (0..<1200).map { "k\($0)" })
        await log.close()
    }

    @Test("it ends when the record at the end was removed meanwhile")
    func vanished() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([draft("a", "v"), draft("b", nil)])
        let ends = try await log.end(of: topic)
        clock.advance(by: .seconds(8 * 24 * 3600))
        try await log.compact()
        #expect(try await log.end(of: topic) != ends)
        let found = Mutex<[String]?>(nil)
        let reading = Task {
            let keys = try await keys(log, upTo: ends)
            found.withLock { $0 = keys }
        }
        try await eventually("it ends") {
            clock.advance(by: ReadToEnd.askEvery)
            return found.withLock { $0 } != nil
        }
        try await reading.value
        #expect(found.withLock { $0 } == ["a"])
        await log.close()
    }

    @Test("a reader that was closed before the end is an error, not an end")
    func closed() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([draft("a", "v")])
        let reader = try await log.read(topic, after: [:])
        await reader.close()
        var reading = ReadToEnd(reader, of: topic, upTo: [0: 0], log: log, time: clock.time)
        await #expect(throws: EventLogError.closed) { try await reading.next() }
        await log.close()
    }

    @Test("cancelling ends it")
    func cancelled() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let reading = Task { try await keys(log, upTo: [0: 5]) }
        try await eventually("it waits") { clock.sleeperCount >= 2 }
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
        await log.close()
    }
}
