import EventLogPort
import Foundation
import GRDB
import TestSupport
import Testing

@testable import EventLogSQLite

@Suite("What the log keeps")
struct CompactionTests {
    private let clock = ManualClock()
    private let state = TopicName(constant: "state")
    private let work = TopicName(constant: "work")
    private static let day: Duration = .seconds(24 * 3600)

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder, time: clock.time)
        try await log.declare([Topic(state, .state), Topic(work, .work(keep: Self.day * 30))])
        return log
    }

    private func rows(_ log: SQLiteEventLog) async throws -> [String] {
        try await log.writer.perform { db in
            try Row.fetchAll(db, sql: "SELECT key, value FROM records ORDER BY row").map { row in
                "\(row[0] as String)=\((row[1] as Data?).map { String(decoding: $0, as: UTF8.self) } ?? "-")"
            }
        }
    }

    @Test("old tombstones are found without looking at the young ones")
    func tombstonesByAge() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let plan = try await log.writer.perform { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(Compaction.oldTombstones)", arguments: [1])
                .map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.contains("INDEX tombstones_by_age") }, "\(plan)")
        await log.close()
    }

    @Test("of each key only the newest record stays")
    func newestStays() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for (key, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("a", "3"), ("b", "2")] {
            _ = try await log.append([RecordDraft(topic: state, key: key, value: Data(value.utf8))])
        }
        try await log.compact()
        #expect(try await rows(log) == ["c=1", "a=3", "b=2"])
        #expect(log.statistics.removed == 3)
        await log.close()
    }

    @Test("a tombstone stays seven days, and its key may come back")
    func tombstones() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([RecordDraft(topic: state, key: "a", value: Data("1".utf8))])
        _ = try await log.append([RecordDraft(topic: state, key: "a", value: nil)])
        _ = try await log.append([RecordDraft(topic: state, key: "b", value: nil)])
        clock.advance(by: Self.day * 7)
        try await log.compact()
        #expect(try await rows(log) == ["a=-", "b=-"])
        _ = try await log.append([RecordDraft(topic: state, key: "b", value: Data("2".utf8))])
        clock.advance(by: .seconds(1))
        try await log.compact()
        #expect(try await rows(log) == ["b=2"])
        _ = try await log.append([RecordDraft(topic: state, key: "a", value: Data("3".utf8))])
        _ = try await log.append([RecordDraft(topic: state, key: "a", value: Data("4".utf8))])
        try await log.compact()
        #expect(try await rows(log) == ["b=2", "a=4"])
        await log.close()
    }

    @Test("old work goes from the front, and what a group had not finished is counted")
    func retention() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let member = try await log.join(GroupName(constant: "g"), topics: [work])
        _ = try await log.append((0..<3).map { RecordDraft(topic: work, key: "old\($0)", value: nil) })
        var handed: [RecordID] = []
        while handed.count < 3, let step = try await member.next() {
            if case .records(let records) = step { handed += records.map(\.id) }
        }
        try await member.acknowledge(handed[0])
        await member.leave()
        clock.advance(by: Self.day * 20)
        _ = try await log.append([RecordDraft(topic: work, key: "young", value: nil)])
        clock.advance(by: Self.day * 11)
        try await log.compact()
        #expect(try await rows(log) == ["young=-"])
        #expect(log.statistics.removed == 3)
        #expect(log.statistics.removedUnfinished == 2)
        await log.close()
    }

    @Test("the end is the newest record that is there, and positions are never used again")
    func endAfterRetention() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([RecordDraft(topic: work, key: "k", value: nil)])
        clock.advance(by: Self.day * 31)
        try await log.compact()
        #expect(try await log.end(of: work) == [0: -1])
        await log.close()
        let again = try await open(folder)
        let place = try await again.append([RecordDraft(topic: work, key: "k", value: nil)])
        #expect(place.first?.position == 1)
        await again.close()
    }

    @Test("more than one step's worth is removed, step by step")
    func manySteps() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for _ in 0..<6 {
            _ = try await log.append((0..<250).map { _ in RecordDraft(topic: state, key: "k", value: Data([1])) })
        }
        try await log.compact()
        #expect(try await rows(log).count == 1)
        #expect(log.statistics.removed == 1499)
        await log.close()
    }

    @Test("it happens by itself as time passes")
    func background() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for value in ["1", "2"] {
            _ = try await log.append([RecordDraft(topic: state, key: "k", value: Data(value.utf8))])
        }
        try await eventually("the upkeep sleeps") { clock.sleeperCount > 0 }
        clock.advance(by: SQLiteEventLog.upkeepEvery)
        try await eventually("the old record is gone") { log.statistics.removed == 1 }
        await log.close()
    }
}
