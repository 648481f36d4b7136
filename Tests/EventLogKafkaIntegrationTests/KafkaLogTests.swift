import EventLogKafka
import EventLogPort
import Foundation
import KafkaTestCluster
import Logging
import Synchronization
import TestSupport
import Testing

/// What is Kafka's own, beyond the port's promises.
@Suite("The Kafka log")
struct KafkaLogTests {
    private let topic = TopicName(constant: "work")
    private let group = GroupName(constant: "workers")
    private let day: Duration = .seconds(86_400)

    @Test("a position that the topic does not have yet is of another topic of that name")
    func positionsLost() async throws {
        let kafka = try TestKafka()
        let (log, name) = try await open(kafka)
        _ = try await log.append([RecordDraft(topic: name, key: "k", value: nil)])
        let reader = try await log.read(name, after: [0: 41])
        await #expect(throws: EventLogError.positionsLost(name)) { _ = try await reader.next() }
        await reader.close()
        await log.close()
    }

    @Test(
        "while the brokers are away appends wait or fail in passing; when they are back everything arrives once asked again",
        .enabled(if: TestKafka.address == nil, "real brokers are not stopped by a test"))
    func outage() async throws {
        let cluster = try MockCluster()
        let log = try KafkaEventLog(
            cluster.configuration, admin: cluster.admin, time: .system, logger: testLogger)
        try await log.declare([Topic(topic, .work(keep: day))])
        let member = try await log.join(group, topics: [topic])
        let seen = Mutex<Set<String>>([])
        let working = Task {
            while let step = try await member.next() {
                guard case .records(let records) = step else { continue }
                for record in records {
                    seen.withLock { _ = $0.insert(record.key) }
                    try await member.acknowledge(record.id)
                }
            }
        }
        try await append("before", to: log)
        try await eventually("the first is handed out") { seen.withLock { $0.contains("before") } }
        cluster.set(up: false)
        let waiting = Task { try await append("during", to: log) }
        cluster.set(up: true)
        try await waiting.value
        try await append("after", to: log)
        try await eventually("all are handed out") { seen.withLock { $0 == ["before", "during", "after"] } }
        await member.leave()
        try await working.value
        await log.close()
    }

    @Test("work that takes longer than max.poll.interval.ms causes no rebalance, and is finished once")
    func longWork() async throws {
        let kafka = try TestKafka()
        var configuration = kafka.configuration
        configuration.properties["session.timeout.ms"] = "6000"
        configuration.properties["max.poll.interval.ms"] = "6000"
        let log = try KafkaEventLog(configuration, admin: kafka.cluster?.admin, time: .system, logger: testLogger)
        let name = try TopicName("long-\(UUID().uuidString.lowercased())")
        try await log.declare([Topic(name, .work(keep: day))])
        _ = try await log.append([RecordDraft(topic: name, key: "slow", value: nil)])
        let member = try await log.join(try GroupName("g-\(name)"), topics: [name])
        let slow = try await firstRecords(of: member)
        #expect(slow.map(\.key) == ["slow"])
        // Nobody takes a step while the work runs.
        let start = ContinuousClock.now
        try await eventually("longer than the interval has passed", within: .seconds(30), every: .milliseconds(500)) {
            ContinuousClock.now - start > .seconds(9)
        }
        for record in slow { try await member.acknowledge(record.id) }
        _ = try await log.append([RecordDraft(topic: name, key: "next", value: nil)])
        guard case .records(let next)? = try await member.next() else {
            Issue.record("a rebalance came between")
            return
        }
        #expect(next.map(\.key) == ["next"])
        await member.leave()
        await log.close()
    }

    @Test("a producer whose queue is full makes appends wait, and loses nothing")
    func queueFull() async throws {
        let kafka = try TestKafka()
        var configuration = kafka.configuration
        configuration.properties["queue.buffering.max.messages"] = "10"
        let log = try KafkaEventLog(configuration, admin: kafka.cluster?.admin, time: .system, logger: testLogger)
        let name = try TopicName("full-\(UUID().uuidString.lowercased())")
        try await log.declare([Topic(name, .journal(keep: day))])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    let drafts = (0..<50).map { RecordDraft(topic: name, key: "\(writer)-\($0)", value: nil) }
                    let places = try await log.append(drafts)
                    #expect(places.map(\.position) == places.map(\.position).sorted())
                }
            }
            try await group.waitForAll()
        }
        #expect(try await log.end(of: name)[0] == 399)
        await log.close()
    }

    @Test(
        "a value of 20 MB arrives over brokers that take 1 MiB a record, and again after its parts were swept",
        .enabled(if: TestKafka.address != nil, "the test cluster keeps 5 MiB a partition; set PRATIQUE_TEST_KAFKA"))
    func largeValue() async throws {
        let kafka = try TestKafka()
        let log = try kafka.log()
        let name = try TopicName("large-\(UUID().uuidString.lowercased())")
        try await log.declare([Topic(name, .state)])
        for byte: UInt8 in [1, 2] {
            let value = Data(repeating: byte, count: 20_000_000)
            _ = try await log.appendWhole([RecordDraft(topic: name, key: "large", value: value)], time: .system)
        }
        let wanted = Data(repeating: 2, count: 20_000_000)
        #expect(try await newest("large", in: name, of: log) == wanted)
        let later = TimeSource(clock: ContinuousClock(), now: { Date(timeIntervalSinceNow: 2 * 3600) })
        #expect(try await PartsSweep(log: log, time: later).sweep(name) > 20)
        await log.close()
        let again = try kafka.log()
        #expect(try await newest("large", in: name, of: again) == wanted)
        await again.close()
    }

    /// The newest whole value of a key, read from the start of the topic.
    private func newest(_ key: String, in topic: TopicName, of log: KafkaEventLog) async throws -> Data? {
        let end = try await log.end(of: topic)[0] ?? -1
        let reader = try await log.read(topic, after: [:])
        var found: Data?
        var reached: Int64 = -1
        while reached < end, let batch = try await reader.next() {
            for record in batch where record.key == key {
                if case .whole(let whole) = try await WholeReader(log: log).assemble(record) { found = whole.value }
            }
            reached = batch.last?.position ?? reached
        }
        await reader.close()
        return found
    }

    @Test("a property that librdkafka refuses is named, and its value is not")
    func badProperty() throws {
        let configuration = KafkaConfiguration(
            brokers: "127.0.0.1:1", properties: ["ssl.key.password": "hunter2", "security.protocol": "hunter3"])
        let error = #expect(throws: EventLogError.self) {
            _ = try KafkaEventLog(configuration, time: .system, logger: testLogger)
        }
        guard case .failed(let reason)? = error else { return }
        #expect(reason.contains("security.protocol") && !reason.contains("hunter"))
    }

    @Test("brokers that do not answer are said, with what the client knows of them")
    func nobodyThere() async throws {
        let log = try KafkaEventLog(
            KafkaConfiguration(brokers: "127.0.0.1:\(try FreePort.take())"), time: .system, logger: testLogger)
        let error = await #expect(throws: EventLogError.self) { try await log.declare([Topic(topic, .state)]) }
        #expect(error?.isTransient == true)
        await log.close()
    }

    private func open(_ kafka: TestKafka) async throws -> (KafkaEventLog, TopicName) {
        let log = try kafka.log()
        let name = try TopicName("test-\(UUID().uuidString.lowercased())")
        try await log.declare([Topic(name, .journal(keep: day))])
        return (log, name)
    }

    private func append(_ key: String, to log: KafkaEventLog) async throws {
        while true {
            do {
                _ = try await log.append([RecordDraft(topic: topic, key: key, value: nil)])
                return
            } catch let error as EventLogError where error.isTransient { continue }
        }
    }

    private func firstRecords(of member: any GroupMember) async throws -> [Record] {
        while let step = try await member.next() {
            if case .records(let records) = step { return records }
        }
        return []
    }
}
