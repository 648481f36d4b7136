import EventLogPort
import EventLogSQLite
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Active instances")
struct ActiveInstanceTests {
    private let commands = TopicName(constant: "commands")
    private let output = TopicName(constant: "output")
    private let group = GroupName(constant: "catalogue")

    private struct Notes {
        var terms: [Int64] = []
        var keys: [String] = []
        var active = 0
        var activeMax = 0
    }

    private func declare(_ log: any EventLog) async throws {
        try await log.declare([Topic(commands, .work(keep: .seconds(100_000))), Topic(output, .state)])
    }

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder)
        try await declare(log)
        return log
    }

    private func instance(_ log: any EventLog) -> ActiveInstance {
        ActiveInstance(log: log, group: group, topic: commands, time: .system, logger: testLogger)
    }

    private func command(_ key: String) -> RecordDraft { RecordDraft(topic: commands, key: key, value: Data("c".utf8)) }

    /// Copies commands to the output, and notes who is active.
    private func body(_ notes: NotesBox) -> @Sendable (ActiveSession) async throws -> Void {
        { session in
            notes.begin(session.term)
            defer { notes.end() }
            while let records = try await session.next() {
                for record in records {
                    notes.note(record.key)
                    guard try await self.copy(record, session) else { return try await self.drain(session) }
                    try await session.acknowledge(record.id)
                }
            }
        }
    }

    private func drain(_ session: ActiveSession) async throws { while try await session.next() != nil {} }

    /// - Returns: false when the session ended meanwhile.
    private func copy(_ record: Record, _ session: ActiveSession) async throws -> Bool {
        for _ in 0..<50 {
            do {
                try await session.append([RecordDraft(topic: output, key: record.key, value: record.value)])
                return true
            } catch is ActiveInstanceError {
                return false
            } catch let error as EventLogError where error.isTransient { continue }
        }
        throw DeadlinePassed(what: "an append")
    }

    private final class NotesBox: Sendable {
        private let notes = Mutex(Notes())
        func begin(_ term: Int64) {
            notes.withLock { notes in
                notes.terms.append(term)
                notes.active += 1
                notes.activeMax = max(notes.active, notes.activeMax)
            }
        }
        func end() { notes.withLock { $0.active -= 1 } }
        func note(_ key: String) { notes.withLock { $0.keys.append(key) } }
        var terms: [Int64] { notes.withLock { $0.terms } }
        var keys: [String] { notes.withLock { $0.keys } }
        var activeMax: Int { notes.withLock { $0.activeMax } }
    }

    @Test("one of several is active; when it ends the next takes over with a greater term")
    func takeOver() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let notes = NotesBox()
        let first = instance(log)
        let firstTask = Task { try await first.run(self.body(notes)) }
        try await eventually("the first is active") { notes.terms.count == 1 }
        let others = (0..<2).map { _ in instance(log) }
        let tasks = others.map { instance in Task { try await instance.run(self.body(notes)) } }
        _ = try await log.append([command("c0")])
        try await eventually("the first command is done") { notes.keys == ["c0"] }
        first.stop()
        try await firstTask.value
        try await eventually("another is active") { notes.terms.count == 2 }
        _ = try await log.append([command("c1")])
        try await eventually("the second command is done") { notes.keys == ["c0", "c1"] }
        for instance in others { instance.stop() }
        for task in tasks { try await task.value }
        #expect(notes.activeMax == 1)
        #expect(notes.terms == notes.terms.sorted())
        #expect(Set(notes.terms).count == notes.terms.count)
        await log.close()
    }

    @Test("take-over records are left out, and what the session appends carries its term")
    func terms() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for round in 0..<2 {
            let notes = NotesBox()
            let instance = instance(log)
            let running = Task { try await instance.run(self.body(notes)) }
            _ = try await log.append([command("c\(round)")])
            try await eventually("the command is done") { notes.keys == ["c\(round)"] }
            try await eventually("it is written") { try await log.end(of: output)[0] == Int64(round) }
            let reader = try await log.read(output, after: [0: Int64(round) - 1])
            let written = try await reader.next()?.first
            await reader.close()
            #expect(written?.header(TermFence.header) == notes.terms.first.map { String($0) })
            instance.stop()
            try await running.value
        }
        await log.close()
    }

    @Test("what a cancelled call of next had begun to read comes with the following call")
    func cancelledNext() async throws {
        let folder = try TestFolder()
        let log = OutageLog(try await open(folder))
        let clock = ManualClock()
        let large = Data((0..<1_200_000).map { UInt8(truncatingIfNeeded: $0 &* 11) })
        _ = try await log.appendWhole([RecordDraft(topic: commands, key: "large", value: large)], time: clock.time)
        let instance = ActiveInstance(log: log, group: group, topic: commands, time: clock.time, logger: testLogger)
        try await instance.run { session in
            // Its parts cannot be read now: the call waits.
            log.goDown(sparingMembers: true)
            let first = Task { try await session.next() }
            try await eventually("it waits for the log") { clock.sleeperCount >= 1 }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            log.comeBack()
            let records = try await withDeadline("the record") { try await session.next() }
            #expect(records?.map(\.value) == [large])
        }
        await log.close()
    }

    @Test("an instance outlasts a log that is away when it takes over and while it works")
    func outage() async throws {
        let folder = try TestFolder()
        let inner = try await open(folder)
        let log = OutageLog(inner)
        let clock = ManualClock()
        let instance = ActiveInstance(log: log, group: group, topic: commands, time: clock.time, logger: testLogger)
        let seen = Mutex<[String]>([])
        log.goDown()
        let running = Task {
            try await instance.run { session in
                while let records = try await session.next() {
                    for record in records {
                        try await session.acknowledge(record.id)
                        seen.withLock { $0.append(record.key) }
                    }
                }
            }
        }
        func last() async throws {
            for _ in 0..<25 {
                try await eventually("it waits") { clock.sleeperCount >= 1 }
                clock.advance(by: .seconds(30))
            }
        }
        try await last()
        log.comeBack()
        _ = try await inner.append([command("c0")])
        try await eventually("it works") {
            clock.advance(by: .seconds(30))
            return seen.withLock { $0 } == ["c0"]
        }
        log.goDown()
        _ = try await inner.append([command("c1")])
        try await last()
        #expect(seen.withLock { $0 } == ["c0"])
        log.comeBack()
        try await eventually("it goes on") {
            clock.advance(by: .seconds(30))
            return seen.withLock { $0 } == ["c0", "c1"]
        }
        instance.stop()
        try await running.value
        await log.close()
    }

    @Test("after the end next answers nil and appends are refused")
    func afterTheEnd() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let instance = instance(log)
        let kept = Mutex<ActiveSession?>(nil)
        let running = Task {
            try await instance.run { session in
                kept.withLock { $0 = session }
                while try await session.next() != nil {}
            }
        }
        try await eventually("it is active") { kept.withLock { $0 } != nil }
        let session = try #require(kept.withLock { $0 })
        #expect(session.isActive)
        instance.stop()
        try await running.value
        #expect(!session.isActive)
        #expect(try await session.next() == nil)
        await #expect(throws: ActiveInstanceError.notActive(term: session.term)) {
            try await session.append([RecordDraft(topic: output, key: "k", value: nil)])
        }
        await log.close()
    }

    @Test("an error of the body ends the instance and frees the partition")
    func bodyFails() async throws {
        struct Broken: Error {}
        let folder = try TestFolder()
        let log = try await open(folder)
        await #expect(throws: Broken.self) { try await instance(log).run { _ in throw Broken() } }
        let notes = NotesBox()
        let next = instance(log)
        let running = Task { try await next.run(self.body(notes)) }
        try await eventually("the next is active") { notes.terms.count == 1 }
        next.stop()
        try await running.value
        await log.close()
    }

    @Test("one that stands back leaves the work to another, and comes again after its time")
    func standsBack() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let clock = ManualClock()
        let older = ActiveInstance(
            log: log, group: group, topic: commands, standBack: .seconds(300), time: clock.time, logger: testLogger)
        let tries = Mutex(0)
        let olderTask = Task {
            try await older.run { _ in
                tries.withLock { $0 += 1 }
                throw ActiveInstanceError.mustStandBack(reason: "a newer version has written")
            }
        }
        try await eventually("it stands back") { clock.sleeperCount == 1 }
        let notes = NotesBox()
        let newer = instance(log)
        let newerTask = Task { try await newer.run(self.body(notes)) }
        try await eventually("the newer one is active") { notes.terms.count == 1 }
        _ = try await log.append([command("c0")])
        try await eventually("and works") { notes.keys == ["c0"] }
        #expect(tries.withLock { $0 } == 1)
        newer.stop()
        try await newerTask.value
        clock.advance(by: .seconds(300))
        try await eventually("it tries again") { tries.withLock { $0 } == 2 }
        older.stop()
        try await olderTask.value
        await log.close()
    }

    @Test("every command has its effect, whatever the log does", arguments: 0..<3)
    func unkind(_ run: Int) async throws {
        let folder = try TestFolder()
        let inner = try await open(folder)
        let log = UnkindEventLog(inner, generator: .printed("active \(run)"))
        try await declare(log)
        let notes = NotesBox()
        let instances = (0..<2).map { _ in instance(log) }
        let tasks = instances.map { instance in Task { try await instance.run(self.body(notes)) } }
        let all = Set((0..<100).map { "c\($0)" })
        for first in stride(from: 0, to: 100, by: 5) {
            try await log.appendSurely((first..<first + 5).map { command("c\($0)") })
        }
        try await eventually("all commands have their effect") {
            guard let end = try await inner.end(of: output)[0], end >= 0 else { return false }
            let reader = try await inner.read(output, after: [:])
            var found: Set<String> = []
            var position: Int64 = -1
            while position < end, let batch = try await reader.next() {
                found.formUnion(batch.map(\.key))
                position = batch.last?.position ?? position
            }
            await reader.close()
            return found == all
        }
        for instance in instances { instance.stop() }
        for task in tasks { try await task.value }
        #expect(notes.terms == notes.terms.sorted())
        await log.close()
    }

    @Test("an older term's late record is stale, a newer one's says that this one is over")
    func fence() {
        let partition = TopicPartition(topic: output, partition: 0)
        var fence = TermFence(term: 50, fences: [partition: 10])
        func id(_ position: Int64) -> RecordID { RecordID(topic: output, partition: 0, position: position) }
        let key = TermFence.Key(topic: output, key: "k")
        // At or before the fence: the state that it started from.
        #expect(observe(&fence, id(10), "k", "20") == .current)
        #expect(fence.overwritten.isEmpty)
        // After it: written late by an older instance, or by one that knows no terms.
        #expect(observe(&fence, id(11), "k", "20") == .stale)
        #expect(observe(&fence, id(12), "other", nil) == .stale)
        #expect(fence.overwritten == [key, TermFence.Key(topic: output, key: "other")])
        // Its own record heals it.
        #expect(observe(&fence, id(13), "k", "50") == .current)
        #expect(fence.overwritten == [TermFence.Key(topic: output, key: "other")])
        #expect(observe(&fence, id(14), "k", "60") == .newer)
    }

    private func observe(
        _ fence: inout TermFence, _ id: RecordID, _ key: String, _ term: String?
    ) -> TermFence.Judgement {
        fence.observe(id, key: key, term: term)
    }
}
