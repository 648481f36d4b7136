import EventLogPort
import EventLogSQLite
import Foundation
import Synchronization
import TestSupport
import Testing

/// Notes what it is given; values say how it ends.
final class NotingHandler: RecordHandler {
    struct Notes {
        var handled: [String: Int] = [:]
        var order: [String] = []
        var running = 0
        var runningMax = 0
        var cancelled = 0
    }

    struct Failure: Error { let disposition: Disposition }

    let notes = Mutex(Notes())
    private let work: @Sendable (WholeRecord) async throws -> Void

    init(_ work: @escaping @Sendable (WholeRecord) async throws -> Void = { _ in }) { self.work = work }

    func handle(_ record: WholeRecord) async throws {
        notes.withLock { notes in
            notes.running += 1
            notes.runningMax = max(notes.running, notes.runningMax)
            notes.handled[record.key, default: 0] += 1
            notes.order.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "-")
        }
        defer { notes.withLock { $0.running -= 1 } }
        do {
            try await work(record)
        } catch is CancellationError {
            notes.withLock { $0.cancelled += 1 }
            throw CancellationError()
        }
    }

    func disposition(of error: any Error, for record: WholeRecord) -> Disposition {
        (error as? Failure)?.disposition ?? .fatal
    }

    var keys: Set<String> { notes.withLock { Set($0.handled.keys) } }
    func count(_ key: String) -> Int { notes.withLock { $0.handled[key] ?? 0 } }
}

@Suite("Processing a group's records")
struct GroupProcessorTests {
    private let topic = TopicName(constant: "work")
    private let dead = TopicName(constant: "dead-letters")
    private let group = GroupName(constant: "processor")

    private func open(_ folder: TestFolder, partitions: Int = 1) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder)
        try await declare(log, partitions)
        return log
    }

    private func declare(_ log: any EventLog, _ partitions: Int) async throws {
        try await log.declare([
            Topic(topic, .work(keep: .seconds(100_000)), partitions: partitions),
            Topic(dead, .journal(keep: .seconds(100_000))),
        ])
    }

    private func processor(
        _ log: any EventLog, width: Int = 4, order: GroupProcessor.Order = .perKey,
        retries: Backoff = Backoff(first: .milliseconds(1), longest: .milliseconds(5), attemptsMax: 3),
        time: TimeSource = .system, _ handler: NotingHandler
    ) -> GroupProcessor {
        GroupProcessor(
            log: log, group: group, topics: [topic], deadLetters: dead,
            limits: .init(width: width, order: order, retries: retries, gracefulStop: .seconds(5)), time: time,
            logger: testLogger, handler: handler)
    }

    private func draft(_ key: String, _ value: String = "v") -> RecordDraft {
        RecordDraft(topic: topic, key: key, value: Data(value.utf8), headers: [Header("ce_id", key)])
    }

    private func deadLetters(_ log: any EventLog, count: Int) async throws -> [Record] {
        let reader = try await log.read(dead, after: [:])
        var records: [Record] = []
        while records.count < count, let batch = try await reader.next() { records += batch }
        await reader.close()
        return records
    }

    @Test("everything is handled at least once, whatever the log does, and then it is finished", arguments: 0..<3)
    func everything(_ run: Int) async throws {
        let folder = try TestFolder()
        let inner = try await open(folder, partitions: 3)
        let log = UnkindEventLog(inner, generator: .printed("processor \(run)"))
        try await declare(log, 3)
        let handler = NotingHandler { _ in await Task.yield() }
        let processor = processor(log, handler)
        let running = Task { try await processor.run() }
        let all = Set((0..<200).map { "k\($0)" })
        for first in stride(from: 0, to: 200, by: 5) {
            try await log.appendSurely((first..<first + 5).map { draft("k\($0)") })
        }
        try await eventually("all are handled") { handler.keys == all }
        #expect(handler.notes.withLock { $0.runningMax } <= 4)
        processor.stop()
        try await running.value
        await log.close()
    }

    @Test("a record is retried, then set aside with its bytes, its headers and the reason")
    func retriesEnd() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let handler = NotingHandler { record in
            if record.key == "bad" { throw NotingHandler.Failure(disposition: .retry(after: .zero)) }
        }
        let processor = processor(log, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append([draft("bad", "original"), draft("good")])
        let letters = try await withDeadline("the dead letter") { try await deadLetters(log, count: 1) }
        let letter = try #require(letters.first)
        #expect(letter.key == "bad")
        #expect(letter.value == Data("original".utf8))
        #expect(letter.header("ce_id") == "bad")
        #expect(letter.header(DeadLetter.attempts) == "3")
        #expect(letter.header(DeadLetter.origin) == "work/0@0")
        #expect(letter.header(DeadLetter.reason)?.contains("gave up after 3 attempts") == true)
        #expect(handler.count("bad") == 3)
        #expect(handler.count("good") == 1)
        processor.stop()
        try await running.value
        // It is finished: nobody gets it again.
        _ = try await log.append([draft("next")])
        let member = try await log.join(group, topics: [topic])
        var keys: [String] = []
        while keys.isEmpty, let step = try await member.next() {
            if case .records(let records) = step { keys += records.map(\.key) }
        }
        #expect(keys == ["next"])
        await member.leave()
        await log.close()
    }

    @Test("a retry that succeeds leaves no dead letter")
    func retrySucceeds() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let attempts = Mutex(0)
        let handler = NotingHandler { record in
            let attempt = attempts.withLock { attempts in
                attempts += 1
                return attempts
            }
            if attempt < 3 { throw NotingHandler.Failure(disposition: .retry(after: .milliseconds(1))) }
        }
        let processor = processor(log, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append([draft("k")])
        try await eventually("the third attempt") { handler.count("k") == 3 }
        processor.stop()
        try await running.value
        #expect(try await log.end(of: dead) == [0: -1])
        await log.close()
    }

    @Test("an outage of the log uses no attempts up and ends nothing", arguments: [false, true])
    func outage(isBad: Bool) async throws {
        let folder = try TestFolder()
        let inner = try await open(folder)
        let log = OutageLog(inner)
        let clock = ManualClock()
        let answers = TopicName(constant: "answers")
        try await log.declare([Topic(answers, .state)])
        let isFirst = Mutex(true)
        let handler = NotingHandler { record in
            // The log goes away while the record is in flight.
            let goes = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if goes { log.goDown() }
            if isBad { throw NotingHandler.Failure(disposition: .deadLetter(reason: "strange")) }
            do {
                _ = try await log.append([RecordDraft(topic: answers, key: record.key, value: nil)])
            } catch let error as EventLogError where error.isTransient {
                throw NotingHandler.Failure(disposition: .wait(after: .seconds(1)))
            }
        }
        let processor = processor(log, time: clock.time, handler)
        let running = Task { try await processor.run() }
        _ = try await inner.append([draft("delivery")])
        // Two minutes and more.
        for _ in 0..<12 {
            try await eventually("it waits") { clock.sleeperCount >= 1 }
            clock.advance(by: .seconds(30))
        }
        if !isBad { try await eventually("it was tried again") { handler.count("delivery") > 3 } }
        #expect(try await inner.end(of: dead) == [0: -1])
        log.comeBack()
        try await eventually("it is processed") {
            clock.advance(by: .seconds(30))
            return try await inner.end(of: isBad ? dead : answers) == [0: 0]
        }
        processor.stop()
        try await running.value
        #expect(try await inner.end(of: dead) == [0: isBad ? 0 : -1])
        await inner.close()
    }

    @Test("what waits for its next attempt holds nobody up")
    func sleepersTakeNoPlace() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let clock = ManualClock()
        let handler = NotingHandler { record in
            if record.key.hasPrefix("bad") { throw NotingHandler.Failure(disposition: .retry(after: .seconds(60))) }
        }
        let processor = processor(log, width: 2, time: clock.time, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append((0..<5).map { draft("bad\($0)") } + (0..<20).map { draft("good\($0)") })
        try await eventually("the good ones are handled") {
            handler.keys.isSuperset(of: (0..<20).map { "good\($0)" })
        }
        #expect(handler.count("bad0") == 1)
        try await eventually("the bad ones sleep") { clock.sleeperCount >= 5 }
        clock.advance(by: .seconds(61))
        try await eventually("the next attempt") { handler.count("bad0") == 2 }
        processor.stop()
        try await running.value
        await log.close()
    }

    @Test("a fatal error ends the processor and leaves the record to be handled again")
    func fatal() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let handler = NotingHandler { _ in throw NotingHandler.Failure(disposition: .fatal) }
        _ = try await log.append([draft("k")])
        let first = processor(log, handler)
        await #expect(throws: NotingHandler.Failure.self) { try await first.run() }
        let second = NotingHandler()
        let next = processor(log, second)
        let running = Task { try await next.run() }
        try await eventually("it comes again") { second.count("k") == 1 }
        next.stop()
        try await running.value
        await log.close()
    }

    @Test("records of one key run one after the other, others beside them")
    func perKey() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let together = Mutex<Set<String>>([])
        let handler = NotingHandler { record in
            let isAlone = together.withLock { $0.insert(record.key).inserted }
            #expect(isAlone)
            for _ in 0..<5 { await Task.yield() }
            together.withLock { _ = $0.remove(record.key) }
        }
        let processor = processor(log, width: 8, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append((0..<60).map { draft("k\($0 % 3)", "\($0)") })
        try await eventually("all are handled") { handler.notes.withLock { $0.order.count } == 60 }
        let order = handler.notes.withLock { $0.order }.compactMap { Int($0) }
        for key in 0..<3 {
            let mine = order.filter { $0 % 3 == key }
            #expect(mine == mine.sorted())
        }
        processor.stop()
        try await running.value
        await log.close()
    }

    @Test("cancelling lets running handlers finish, and what did not start comes again")
    func gracefulStop() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let door = AsyncStream.makeStream(of: Void.self)
        let handler = NotingHandler { _ in
            for await _ in door.stream { break }
            try Task.checkCancellation()
        }
        let processor = processor(log, width: 1, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append([draft("a"), draft("b")])
        try await eventually("a runs") { handler.count("a") == 1 }
        running.cancel()
        door.continuation.yield()
        try await running.value
        #expect(handler.keys == ["a"])
        #expect(handler.notes.withLock { $0.cancelled } == 0)
        let second = NotingHandler()
        let next = self.processor(log, second)
        let again = Task { try await next.run() }
        try await eventually("b comes") { second.keys == ["b"] }
        next.stop()
        try await again.value
        await log.close()
    }

    @Test("handlers that last beyond the limit of a graceful stop are cancelled")
    func stopLimit() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let clock = ManualClock()
        let handler = NotingHandler { _ in try await clock.sleep(for: .seconds(1000)) }
        let processor = processor(log, time: clock.time, handler)
        let running = Task { try await processor.run() }
        _ = try await log.append([draft("k")])
        try await eventually("it runs") { clock.sleeperCount == 1 }
        processor.stop()
        try await eventually("the limit is timed") { clock.sleeperCount == 2 }
        clock.advance(by: .seconds(6))
        try await running.value
        #expect(handler.notes.withLock { $0.cancelled } == 1)
        #expect(try await log.end(of: dead) == [0: -1])
        await log.close()
    }

    @Test("a large value reaches the handler whole, and the dead letters too")
    func largeValues() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let large = Data((0..<1_200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let isWhole = Mutex(false)
        let handler = NotingHandler { record in
            isWhole.withLock { $0 = record.value == large }
            throw NotingHandler.Failure(disposition: .deadLetter(reason: "too strange"))
        }
        let processor = processor(log, handler)
        let running = Task { try await processor.run() }
        _ = try await log.appendWhole([RecordDraft(topic: topic, key: "k", value: large)], time: .system)
        let letters = try await withDeadline("the dead letter") { try await deadLetters(log, count: 4) }
        #expect(isWhole.withLock { $0 })
        let head = try #require(letters.last { !$0.isPart })
        guard case .whole(let whole) = try await WholeReader(log: log).assemble(head) else {
            Issue.record("the dead letter is not whole")
            return
        }
        #expect(whole.value == large)
        #expect(whole.header(DeadLetter.reason) == "too strange")
        processor.stop()
        try await running.value
        await log.close()
    }

    @Test("a processor waits for a group that another process holds")
    func standsBy() async throws {
        let folder = try TestFolder()
        let first = try await open(folder)
        let second = try await openTestLog(in: folder)
        let member = try await first.join(group, topics: [topic])
        let clock = ManualClock()
        let handler = NotingHandler()
        let processor = processor(second, time: clock.time, handler)
        let running = Task { try await processor.run() }
        _ = try await first.append([draft("k")])
        try await eventually("it waits") { clock.sleeperCount == 1 }
        await member.leave()
        clock.advance(by: .seconds(1))
        try await eventually("it took over") { handler.keys == ["k"] }
        processor.stop()
        try await running.value
        await first.close()
        await second.close()
    }
}
