import EventLogPort
import EventLogSQLite
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Values in parts")
struct PartsTests {
    private let clock = ManualClock()
    private let topic = TopicName(constant: "large")
    private let large = Data((0..<1_300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) })

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder, time: clock.time)
        try await log.declare([Topic(topic, .state)])
        return log
    }

    private func records(_ log: any EventLog) async throws -> [Record] {
        guard let end = try await log.end(of: topic)[0], end >= 0 else { return [] }
        let reader = try await log.read(topic, after: [:])
        var records: [Record] = []
        while (records.last?.position ?? -1) < end, let batch = try await reader.next() { records += batch }
        await reader.close()
        return records
    }

    @Test("a small value is one record, a large one parts and a head below the limit of a broker")
    func shape() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let places = try await log.appendWhole(
            [
                RecordDraft(topic: topic, key: "small", value: Data("v".utf8)),
                RecordDraft(topic: topic, key: "large", value: large),
                RecordDraft(topic: topic, key: "after", value: nil),
            ], time: clock.time)
        let found = try await records(log)
        #expect(places.count == 3)
        #expect(found.filter(\.isPart).count == 3)
        #expect(found.allSatisfy { ($0.value?.count ?? 0) <= 900 * 1024 })
        #expect(found.last { !$0.isPart }?.key == "after")
        let head = try #require(try PartsHead(found.first { $0.key == "large" }?.headers ?? []))
        #expect(head.bytes == large.count && head.count == 3)
        await log.close()
    }

    @Test("a head whose part is missing or changed is broken, never an empty value")
    func broken() async throws {
        for isMissing in [true, false] {
            let folder = try TestFolder()
            let log = try await open(folder)
            _ = try await log.appendWhole([RecordDraft(topic: topic, key: "k", value: large)], time: clock.time)
            let part = try #require(try await records(log).first(where: \.isPart))
            let value = isMissing ? nil : Data(repeating: 0, count: part.value?.count ?? 0)
            _ = try await log.append([
                RecordDraft(topic: topic, key: part.key, value: value, headers: part.headers)
            ])
            try await log.compact()
            let head = try #require(try await records(log).first { $0.key == "k" })
            guard case .broken(let record, _) = try await WholeReader(log: log).assemble(head) else {
                Issue.record("it was not broken")
                return
            }
            #expect(record.key == "k")
            await log.close()
        }
    }

    @Test("a head that was replaced and whose parts are gone is superseded")
    func superseded() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.appendWhole([RecordDraft(topic: topic, key: "k", value: large)], time: clock.time)
        let old = try #require(try await records(log).first { $0.key == "k" })
        _ = try await log.appendWhole([RecordDraft(topic: topic, key: "k", value: nil)], time: clock.time)
        clock.advance(by: PartsSweep.olderThan + .seconds(1))
        #expect(try await PartsSweep(log: log, time: clock.time).sweep(topic) == 3)
        try await log.compact()
        guard case .superseded = try await WholeReader(log: log).assemble(old) else {
            Issue.record("it was not superseded")
            return
        }
        // Nothing but tombstones stays.
        #expect(try await records(log).allSatisfy(\.isTombstone))
        await log.close()
    }

    @Test(
        "a head that makes no sense is refused",
        arguments: [
            ["pratique-parts": "2"],
            [
                "pratique-parts": "x", "pratique-parts-bytes": "5", "pratique-parts-from": "1",
                "pratique-parts-sha256": "a",
            ],
            [
                "pratique-parts": "9", "pratique-parts-bytes": "5", "pratique-parts-from": "1",
                "pratique-parts-sha256": "a",
            ],
            [
                "pratique-parts": "1", "pratique-parts-bytes": "999999999999", "pratique-parts-from": "1",
                "pratique-parts-sha256": String(repeating: "a", count: 64),
            ],
            [
                "pratique-parts": "1", "pratique-parts-bytes": "5", "pratique-parts-from": "1",
                "pratique-parts-sha256": String(repeating: "A", count: 64),
            ],
        ])
    func badHead(_ headers: [String: String]) {
        #expect(throws: PartsError.self) { try PartsHead(headers.map { Header($0.key, $0.value) }) }
    }

    @Test("parts that no head names are swept away after an hour, others stay")
    func sweep() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.appendWhole([RecordDraft(topic: topic, key: "kept", value: large)], time: clock.time)
        // A writer that ended before its head.
        let headers = [Header("pratique-part-of", "lost")]
        for number in 0..<2 {
            let key = "lost#\(String(repeating: "0", count: 64))#\(number)"
            _ = try await log.append([RecordDraft(topic: topic, key: key, value: Data([1]), headers: headers)])
        }
        let sweep = PartsSweep(log: log, time: clock.time)
        #expect(try await sweep.sweep(topic) == 0)
        clock.advance(by: PartsSweep.olderThan + .seconds(1))
        #expect(try await sweep.sweep(topic) == 2)
        #expect(try await sweep.sweep(topic) == 0)
        let head = try #require(try await records(log).first { $0.key == "kept" })
        guard case .whole(let whole) = try await WholeReader(log: log).assemble(head) else {
            Issue.record("the kept value is gone")
            return
        }
        #expect(whole.value == large)
        await log.close()
    }

    @Test("after a sweep a key that was written again and again has the parts of its newest value only")
    func replaced() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for round in 0..<3 {
            let value = large + Data([UInt8(round)])
            _ = try await log.appendWhole([RecordDraft(topic: topic, key: "k", value: value)], time: clock.time)
        }
        clock.advance(by: PartsSweep.olderThan + .seconds(1))
        #expect(try await PartsSweep(log: log, time: clock.time).sweep(topic) == 6)
        try await log.compact()
        let record = try #require(try await records(log).last { $0.key == "k" })
        let sha256 = try #require(try PartsHead(record.headers)).sha256
        for record in try await records(log) where record.isPart {
            #expect(record.isTombstone != record.key.contains(sha256))
        }
        await log.close()
    }

    @Test("a sweep spares a value that is written again beside it", arguments: [false, true])
    func sweepBesideWriter(isLate: Bool) async throws {
        let folder = try TestFolder()
        let inner = try await open(folder)
        let draft = RecordDraft(topic: topic, key: "k", value: large)
        _ = try await inner.appendWhole([draft], time: clock.time)
        _ = try await inner.append([RecordDraft(topic: topic, key: "k", value: nil)])
        clock.advance(by: PartsSweep.olderThan + .seconds(1))
        // The same value comes back after the sweep has read the topic, or even after its last look.
        let log = MeddledLog(inner) { [clock] in _ = try await inner.appendWhole([draft], time: clock.time) }
        if isLate { log.meddleBeforeAppend() } else { log.meddleBeforeEnd(number: 2) }
        _ = try await PartsSweep(log: log, time: clock.time).sweep(topic)
        #expect(log.hasMeddled)
        try await inner.compact()
        let head = try #require(try await records(inner).last { $0.key == "k" })
        guard case .whole(let whole) = try await WholeReader(log: inner).assemble(head) else {
            Issue.record("the value is gone")
            return
        }
        #expect(whole.value == large)
        await inner.close()
    }
}

/// A log beside which something happens at a chosen moment of a sweep.
private final class MeddledLog: EventLog {
    private struct State {
        var ends = 0
        var atEnd = 0
        var atAppend = false
        var hasMeddled = false
    }

    private let inner: any EventLog
    private let meddle: @Sendable () async throws -> Void
    private let state = Mutex(State())

    init(_ inner: any EventLog, _ meddle: @escaping @Sendable () async throws -> Void) {
        self.inner = inner
        self.meddle = meddle
    }

    func meddleBeforeAppend() { state.withLock { $0.atAppend = true } }
    func meddleBeforeEnd(number: Int) { state.withLock { $0.atEnd = number } }
    var hasMeddled: Bool { state.withLock { $0.hasMeddled } }

    private func meddle(if isDue: (inout State) -> Bool) async throws {
        let isNow = state.withLock { state in
            let isNow = isDue(&state) && !state.hasMeddled
            if isNow { state.hasMeddled = true }
            return isNow
        }
        if isNow { try await meddle() }
    }

    var identity: LogIdentity { get async throws { try await inner.identity } }
    func declare(_ topics: [Topic]) async throws { try await inner.declare(topics) }
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        try await meddle { $0.atAppend }
        return try await inner.append(drafts)
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await inner.read(topic, after: positions)
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] {
        try await meddle { state in
            state.ends += 1
            return state.ends == state.atEnd
        }
        return try await inner.end(of: topic)
    }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await inner.join(group, topics: topics)
    }
    func close() async { await inner.close() }
}
