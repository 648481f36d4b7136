import EventLogPort
import EventLogSQLite
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("Views")
struct ViewTests {
    private let one = TopicName(constant: "one")
    private let two = TopicName(constant: "two")
    private typealias MemoryView = View<NewestInMemory, MemoryViewStore<NewestInMemory.Rows>>

    private func open(_ folder: TestFolder, time: TimeSource = .system) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder, time: time)
        try await log.declare([Topic(one, .state), Topic(two, .state)])
        return log
    }

    private func draft(_ topic: TopicName, _ key: String, _ value: String?) -> RecordDraft {
        RecordDraft(topic: topic, key: key, value: value.map { Data($0.utf8) })
    }

    private func view(
        _ log: any EventLog, _ store: MemoryViewStore<NewestInMemory.Rows>, version: Int = 1,
        time: TimeSource = .system
    ) -> MemoryView {
        View(
            NewestInMemory(version: version, topics: [one, two]), store: store, log: log, time: time,
            logger: testLogger)
    }

    @Test("a view converges to the newest values, whatever the log does", arguments: 0..<4)
    func converges(_ run: Int) async throws {
        let folder = try TestFolder()
        let log = UnkindEventLog(try await open(folder), generator: .printed("view \(run)"))
        try await log.declare([Topic(one, .state), Topic(two, .state)])
        let store = NewestInMemory.store()
        let view = view(log, store)
        let running = Task { try await view.run() }
        var dice = SeededGenerator.printed("view writes \(run)")
        var model: [String: String] = [:]
        for number in 0..<80 {
            let topic = number % 2 == 0 ? one : two
            let key = "\(topic)-k\(Int.random(in: 0..<9, using: &dice))"
            let value = dice.chance(0.2) ? nil : "\(number)"
            try await log.appendSurely([draft(topic, key, value)])
            model[key] = value
        }
        let wanted = [
            TopicPartition(topic: one, partition: 0): try await log.endSurely(of: one)[0] ?? -1,
            TopicPartition(topic: two, partition: 0): try await log.endSurely(of: two)[0] ?? -1,
        ]
        try await view.waitFor(wanted, within: generousTime)
        #expect(view.isReady)
        #expect(store.read { $0.values } == model)
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("a view is ready when it reached the end as of its start, at once when there is nothing")
    func ready() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        for _ in 0..<2 {
            let view = view(log, NewestInMemory.store())
            let running = Task { try await view.run() }
            try await view.waitUntilReady()
            view.stop()
            try await running.value
            #expect(!view.isReady)
            _ = try await log.append([draft(one, "k", "v")])
        }
        await log.close()
    }

    @Test("a view goes on where it was")
    func resumes() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let store = NewestInMemory.store()
        for number in 0..<5 {
            _ = try await log.append([draft(one, "k", "\(number)")])
            let view = view(log, store)
            let running = Task { try await view.run() }
            try await view.waitUntilReady()
            view.stop()
            try await running.value
        }
        let rows = store.read { $0 }
        #expect(rows.values == ["k": "4"])
        #expect(rows.applied == 5)
        #expect(rows.resets == 1)
        await log.close()
    }

    @Test("a store of another log, another version or not fed for three days is built again")
    func rebuilds() async throws {
        let clock = ManualClock()
        let folder = try TestFolder()
        let log = try await open(folder, time: clock.time)
        _ = try await log.append([draft(one, "k", "v")])
        let store = NewestInMemory.store()
        func feed(_ log: any EventLog, version: Int = 1) async throws -> Int {
            let view = view(log, store, version: version, time: clock.time)
            let running = Task { try await view.run() }
            try await view.waitUntilReady()
            view.stop()
            try await running.value
            return store.read { $0.resets }
        }
        #expect(try await feed(log) == 1)
        #expect(try await feed(log) == 1)
        #expect(try await feed(log, version: 2) == 2)
        clock.advance(by: .seconds(3 * 24 * 3600))
        #expect(try await feed(log, version: 2) == 2)
        clock.advance(by: .seconds(3 * 24 * 3600 + 1))
        #expect(try await feed(log, version: 2) == 3)
        let elsewhere = try TestFolder()
        let other = try await open(elsewhere, time: clock.time)
        #expect(try await feed(other, version: 2) == 4)
        #expect(store.read { $0.values }.isEmpty)
        await log.close()
        await other.close()
    }

    @Test("a view with nothing to read stays current")
    func freshens() async throws {
        let clock = ManualClock()
        let folder = try TestFolder()
        let log = try await open(folder, time: clock.time)
        let store = NewestInMemory.store()
        let view = view(log, store, time: clock.time)
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        for _ in 0..<3 {
            let before = try #require(try await store.load()?.fedAt)
            // The log's upkeep and the view's own clock.
            try await eventually("the view sleeps") { clock.sleeperCount >= 2 }
            clock.advance(by: .seconds(3600))
            try await eventually("it noted that it is current") { (try await store.load()?.fedAt ?? before) > before }
        }
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("a record that cannot be read is told to the projection and stops nothing")
    func unreadable() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let store = NewestInMemory.store()
        _ = try await log.append([
            draft(one, "a", "1"), draft(one, "b", "bad-prepare"), draft(one, "c", "bad-apply"), draft(one, "d", "1"),
            draft(one, "e", "bad-apply"), draft(one, "e", "2"),
        ])
        let view = view(log, store)
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        let rows = store.read { $0 }
        #expect(rows.values == ["a": "1", "d": "1", "e": "2"])
        #expect(rows.unreadable == ["b", "c"])
        // The first record of `e` may be compacted away before it is read.
        #expect((2...3).contains(view.unreadableCount))
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("a broken value in parts is unreadable, not a deletion")
    func brokenParts() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let headers = [
            Header("pratique-parts", "1"), Header("pratique-parts-bytes", "5"), Header("pratique-parts-from", "0"),
            Header("pratique-parts-sha256", String(repeating: "a", count: 64)),
        ]
        _ = try await log.append([RecordDraft(topic: one, key: "k", value: Data(), headers: headers)])
        let store = NewestInMemory.store()
        let view = view(log, store)
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        #expect(store.read { $0.unreadable } == ["k"])
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("waiting for a position ends with its time, and a topic that is not read is refused")
    func waiting() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let clock = ManualClock()
        _ = try await log.append((0...3).map { draft(one, "k\($0)", "v") })
        // Not running: it gets nowhere.
        let view = view(log, NewestInMemory.store(), time: clock.time)
        let wanted = [TopicPartition(topic: one, partition: 0): Int64(3)]
        let outcome = Mutex<(any Error)?>(nil)
        let waiting = Task {
            do { try await view.waitFor(wanted, within: .seconds(5)) } catch { outcome.withLock { $0 = error } }
        }
        try await eventually("the wait ends") {
            clock.advance(by: .seconds(6))
            return outcome.withLock { $0 } != nil
        }
        await waiting.value
        #expect(outcome.withLock { $0 as? ViewError } == .tooLate(missing: wanted))
        let other = TopicName(constant: "other")
        await #expect(throws: ViewError.notRead(other)) {
            try await view.waitFor([TopicPartition(topic: other, partition: 0): 1], within: .seconds(1))
        }
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        try await view.waitFor(wanted, within: .seconds(5))
        view.stop()
        try await running.value
        let further = [TopicPartition(topic: one, partition: 0): Int64(4)]
        await #expect(throws: ViewError.stopped) { try await view.waitFor(further, within: .seconds(5)) }
        await log.close()
    }

    @Test("waiting for a record that was removed meanwhile ends when the view has what is there")
    func waitingForWhatVanished() async throws {
        let clock = ManualClock()
        let folder = try TestFolder()
        let log = try await open(folder, time: clock.time)
        _ = try await log.append([draft(one, "a", "v"), draft(one, "b", nil)])
        let end = try #require(try await log.end(of: one)[0])
        clock.advance(by: .seconds(8 * 24 * 3600))
        try await log.compact()
        let store = NewestInMemory.store()
        let view = view(log, store, time: clock.time)
        let running = Task { try await view.run() }
        let wanted = [TopicPartition(topic: one, partition: 0): end]
        let isOver = Mutex(false)
        let waiting = Task {
            try await view.waitFor(wanted, within: .seconds(1_000_000))
            isOver.withLock { $0 = true }
        }
        try await eventually("the wait ends") {
            clock.advance(by: .seconds(1))
            return isOver.withLock { $0 }
        }
        try await waiting.value
        #expect(store.read { $0.values } == ["a": "v"])
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("changes are told")
    func changes() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let store = NewestInMemory.store()
        let view = view(log, store)
        let changes = view.changes()
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        let seeing = Task {
            for await _ in changes where store.read({ $0.values["k"] }) == "v" { return true }
            return false
        }
        _ = try await log.append([draft(two, "k", "v")])
        #expect(await seeing.value)
        view.stop()
        try await running.value
        await log.close()
    }

    @Test("cancelling lets a running commit finish")
    func cancelInCommit() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append((0..<50).map { draft(one, "k\($0)", "v") })
        let cancel = Mutex<(@Sendable () -> Void)?>(nil)
        var projection = NewestInMemory(topics: [one])
        projection.onApply = { cancel.withLock { $0?() } }
        let store = NewestInMemory.store()
        let view = View(projection, store: store, log: log, time: .system, logger: testLogger)
        let gate = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            for await _ in gate.stream { break }
            try await view.run()
        }
        cancel.withLock { $0 = { running.cancel() } }
        gate.continuation.yield()
        try await running.value
        #expect(store.read { $0.values.count } == 50)
        #expect(try await store.load()?.positions == [TopicPartition(topic: one, partition: 0): 49])
        await log.close()
    }
}
