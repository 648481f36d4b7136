import EventLogPort
import EventLogSQLite
import Events
import Foundation
import HTTPPort
import Model
import Synchronization
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct SpoolIntegrationTests {
    private static func draft(_ number: Int, bytes: Int = 10) throws -> RecordDraft {
        RecordDraft(
            topic: Topics.webhookDeliveries.name, key: "delivery-\(number)", value: Data(repeating: 1, count: bytes),
            headers: [Header("ce_id", "\(number)")])
    }

    @Test("while the log is out of reach webhooks are accepted; they reach it when it is back")
    func logDown() async throws {
        let switched = Mutex<SwitchedLog?>(nil)
        try await Gateway.run(wrap: { log in
            let wrapped = SwitchedLog(log)
            switched.withLock { $0 = wrapped }
            return wrapped
        }) { gateway in
            let log = try #require(switched.withLock { $0 })
            try await gateway.addRegistry()
            log.goDown()
            var ids: [String] = []
            for number in 0..<20 {
                let answer = try await gateway.webhook(
                    "demo", Array("{\"n\":\(number)}".utf8), secret: "Bearer hook-secret")
                #expect(answer.status == 202)
                ids.append(answer.text)
            }
            // A wish of a person is not spooled: it is told that the log cannot be reached.
            let wish = try await gateway.call(
                .post, "registries", #"{"name":"later","url":"https://later.example.com"}"#)
            #expect(wish.status == 503)
            #expect(wish.headers["retry-after"] != nil)
            log.comeBack()
            let accepted = ids
            try await eventually("the spool is in the log") {
                let keys = try await gateway.records(Topics.webhookDeliveries).map(\.key)
                return accepted.allSatisfy { id in keys.contains { id.contains($0) } }
            }
            let answer = try await gateway.webhook("demo", Array("{}".utf8), secret: "Bearer hook-secret")
            #expect(answer.status == 202)
        }
    }

    @Test("what is spooled survives a restart and keeps its order")
    func restart() async throws {
        let folder = try TestFolder()
        let spool = try await Spool.open(in: folder.url, bytesMax: 1 << 20)
        for number in 0..<50 { try await spool.append([try Self.draft(number)]) }
        await spool.close()
        let again = try await Spool.open(in: folder.url, bytesMax: 1 << 20)
        #expect(again.count == 50)
        let log = try await openTestLog(in: folder)
        try await log.declare(Topics.fixed)
        let queue = DeliveryQueue(log: log, spool: again, time: .system, logger: testLogger)
        let working = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await queue.run() }
                group.addTask { try await queue.drain() }
                try await group.next()
            }
        }
        // New input goes behind what is spooled.
        try await queue.accept(try Self.draft(50))
        try await eventually("the spool is empty") { again.isEmpty }
        working.cancel()
        _ = try? await working.value
        let reader = try await log.read(Topics.webhookDeliveries.name, after: [:])
        var byPartition: [Int: [Int]] = [:]
        var count = 0
        while count < 51, let batch = try await reader.next() {
            for record in batch {
                byPartition[record.id.partition, default: []].append(Int(record.key.dropFirst(9)) ?? -1)
                count += 1
            }
        }
        await reader.close()
        for numbers in byPartition.values { #expect(numbers == numbers.sorted()) }
        #expect(byPartition.values.flatMap { $0 }.sorted() == Array(0...50))
        await again.close()
        await log.close()
    }

    @Test("a full spool takes nothing more, and takes again when it was drained")
    func bounded() async throws {
        let folder = try TestFolder()
        let spool = try await Spool.open(in: folder.url, bytesMax: 10_000)
        try await spool.append([try Self.draft(0, bytes: 6_000)])
        await #expect(throws: SpoolError.self) { try await spool.append([try Self.draft(1, bytes: 6_000)]) }
        #expect(spool.count == 1)
        try await spool.remove(try await spool.first(10))
        #expect(spool.isEmpty)
        try await spool.append([try Self.draft(1, bytes: 6_000)])
        await spool.close()
    }

    @Test("with the log out of reach and the spool full a webhook is answered 503 with Retry-After")
    func full() async throws {
        let switched = Mutex<SwitchedLog?>(nil)
        try await Gateway.run(
            spoolBytesMax: 20_000,
            wrap: { log in
                let wrapped = SwitchedLog(log)
                switched.withLock { $0 = wrapped }
                return wrapped
            }
        ) { gateway in
            let log = try #require(switched.withLock { $0 })
            try await gateway.addRegistry()
            log.goDown()
            var generator = SeededGenerator(seed: 1)
            let body = (0..<9_000).map { _ in UInt8.random(in: 33...91, using: &generator) }
            var statuses: Set<Int> = []
            for _ in 0..<8 {
                let answer = try await gateway.webhook("demo", body, secret: "Bearer hook-secret")
                statuses.insert(answer.status)
                if answer.status == 503 { #expect(answer.headers["retry-after"] == "30") }
            }
            #expect(statuses == [202, 503])
            log.comeBack()
        }
    }

    @Test("what moves from the spool to the log has the time that it takes, and is not repeated")
    func slowLog() async throws {
        let folder = try TestFolder()
        let spool = try await Spool.open(in: folder.url, bytesMax: 1 << 20)
        try await spool.append([try Self.draft(1), try Self.draft(2)])
        let inner = try await openTestLog(in: folder)
        try await inner.declare(Topics.fixed)
        let log = GatedLog(inner)
        let clock = ManualClock()
        let queue = DeliveryQueue(log: log, spool: spool, time: clock.time, logger: testLogger)
        let working = Task { try await queue.drain() }
        try await eventually("the append has begun") { log.appends == 1 }
        clock.advance(by: DeliveryQueue.Limits().appendWait + .seconds(1))
        log.open()
        try await eventually("the spool is empty") { spool.isEmpty }
        #expect(log.appends == 1)
        working.cancel()
        _ = try? await working.value
        await spool.close()
        await inner.close()
    }

    @Test("the spool moves in batches of bounded bytes; what the log refuses does not hold up the rest")
    func refusedDraft() async throws {
        let folder = try TestFolder()
        let spool = try await Spool.open(in: folder.url, bytesMax: 1 << 20)
        var refused = try Self.draft(0)
        refused.topic = try TopicName("never-declared")
        try await spool.append([try Self.draft(1, bytes: 6_000), refused, try Self.draft(2, bytes: 6_000)])
        #expect(try await spool.first(10, bytesMax: 7_000).count == 2)
        #expect(try await spool.first(10, bytesMax: 1).count == 1)
        let log = try await openTestLog(in: folder)
        try await log.declare(Topics.fixed)
        let queue = DeliveryQueue(log: log, spool: spool, time: .system, logger: testLogger)
        let working = Task { try await queue.drain() }
        try await eventually("the spool is empty") { spool.isEmpty }
        working.cancel()
        _ = try? await working.value
        #expect(try await log.end(of: Topics.deadLetters.name)[0] == 0)
        let reader = try await log.read(Topics.webhookDeliveries.name, after: [:])
        var keys: Set<String> = []
        while keys.count < 2, let batch = try await reader.next() { keys.formUnion(batch.map(\.key)) }
        #expect(keys == ["delivery-1", "delivery-2"])
        await reader.close()
        await spool.close()
        await log.close()
    }

    @Test("an append that never answers does not hold a webhook: it goes to the spool")
    func silentLog() async throws {
        let folder = try TestFolder()
        let spool = try await Spool.open(in: folder.url, bytesMax: 1 << 20)
        var limits = DeliveryQueue.Limits()
        limits.appendWait = .milliseconds(20)
        let log = SilentLog()
        let queue = DeliveryQueue(log: log, spool: spool, time: .system, logger: testLogger, limits: limits)
        let working = Task { try await queue.run() }
        try await withDeadline("the delivery is accepted") { try await queue.accept(try Self.draft(1)) }
        #expect(spool.count == 1)
        working.cancel()
        _ = try? await working.value
        await #expect(throws: DeliveryError.stopped) { try await queue.accept(try Self.draft(2)) }
        log.end()
        await spool.close()
    }
}

/// Keeps appends waiting until it is opened, and counts them.
private final class GatedLog: EventLog {
    private let inner: any EventLog
    private let gate = Gate()
    private let count = Mutex(0)

    init(_ inner: any EventLog) { self.inner = inner }

    func open() { gate.open() }
    var appends: Int { count.withLock { $0 } }
    var identity: LogIdentity { get async throws { try await inner.identity } }
    func declare(_ topics: [Topic]) async throws { try await inner.declare(topics) }
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        count.withLock { $0 += 1 }
        await gate.wait()
        return try await inner.append(drafts)
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await inner.read(topic, after: positions)
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] { try await inner.end(of: topic) }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await inner.join(group, topics: topics)
    }
    func close() async { await inner.close() }
}

/// Takes appends and answers when it is ended.
private final class SilentLog: EventLog {
    private let gate = Gate()

    func end() { gate.open() }
    var identity: LogIdentity { get async throws { LogIdentity("silent") } }
    func declare(_ topics: [Topic]) async throws {}
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        await gate.wait()
        throw EventLogError.closed
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        throw EventLogError.closed
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] { [:] }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember { throw EventLogError.closed }
    func close() async {}
}
