public import EventLogPort
import Foundation
public import Logging
import Storage
import Synchronization

/// The log over Kafka, for services that run in processes of their own, on one machine or many.
///
/// **Promises** (beyond the port's): `append` returns when all in-sync replicas have the records (`acks=all`), in their
/// order per partition also over retries (idempotent producer). Groups span processes; a member polls by itself, so
/// long work causes no rebalance. Nobody waits on a thread of the cooperative pool.
///
/// **Limits**: the identity is the cluster's id; that a topic was deleted and made again is seen when a position is
/// asked for that it does not have (`positionsLost`). Compaction is the brokers': late, and never of the newest
/// segment. A producer that failed for good makes every append fail: the process is to be started anew.
public final class KafkaEventLog: EventLog {
    /// How often members are polled though nothing happens.
    private static let tickEvery: Duration = .seconds(1)
    /// How often a topic that was just created is looked for.
    private static let createdPoll: Duration = .milliseconds(100)
    private static let createdLooks = 100

    private let configuration: KafkaConfiguration
    private let producer: KafkaProducer
    private let clients: ReaderClients
    private let admin: any TopicAdmin
    private let newest = NewestRecords()
    private let time: TimeSource
    private let logger: Logger
    private let open = Mutex(Open())
    private let gate = CallGate()

    private struct Open {
        /// Topics that are known to exist, and their numbers of partitions.
        var partitions: [TopicName: Int] = [:]
        var identity: LogIdentity?
        var readers: [ObjectIdentifier: KafkaReader] = [:]
        var members: [ObjectIdentifier: KafkaGroupMember] = [:]
        var ticking: Task<Void, Never>?
    }

    /// Makes the clients; the brokers are first asked by `declare`.
    /// - Parameter admin: where topics are looked up and made; the brokers themselves if nil.
    /// - Throws: `EventLogError.failed` when librdkafka refuses a property.
    public init(
        _ configuration: KafkaConfiguration, admin: (any TopicAdmin)? = nil, time: TimeSource, logger: Logger
    ) throws(EventLogError) {
        self.configuration = configuration
        self.time = time
        self.logger = logger
        clients = ReaderClients(configuration, logger: logger)
        self.admin =
            admin
            ?? BrokerTopicAdmin(
                clients: clients, configuration: configuration, logger: logger)
        producer = try KafkaProducer(configuration, logger: logger)
        let ticking = Task { [weak self, time] in
            while !Task.isCancelled {
                try? await time.clock.sleep(for: Self.tickEvery)
                guard let self else { return }
                for member in self.open.withLock({ Array($0.members.values) }) { member.tick() }
                _ = try? await self.gate.pass { self.clients.tick() }
            }
        }
        open.withLock { $0.ticking = ticking }
    }

    public var identity: LogIdentity {
        get async throws {
            if let known = open.withLock({ $0.identity }) { return known }
            let cluster = try await gate.pass {
                let handle = try clients.any()
                return try await onOwnThread { try KafkaMetadata.cluster(handle) }
            }
            let identity = LogIdentity("kafka:" + cluster)
            open.withLock { $0.identity = identity }
            return identity
        }
    }

    // MARK: Topics

    public func declare(_ declared: [Topic]) async throws {
        try await gate.pass { try await make(declared) }
    }

    private func make(_ declared: [Topic]) async throws {
        let plan = try await plan(of: declared)
        if let wrong = plan.mismatches.first {
            throw EventLogError.topicMismatch(wrong.topic, declared: wrong.declared, found: wrong.found)
        }
        if !plan.missing.isEmpty {
            try await admin.create(plan.missing)
            for topic in plan.missing { try await waitUntilThere(topic) }
        }
        open.withLock { open in for topic in declared { open.partitions[topic.name] = topic.partitions } }
    }

    /// What `declare` would find and do.
    public func plan(of declared: [Topic]) async throws -> TopicPlan {
        try await gate.pass { TopicPlan(declared, found: try await admin.find(declared.map(\.name))) }
    }

    /// Brokers hear of a new topic one after the other, and of what they lead in it a little later.
    private func waitUntilThere(_ topic: Topic) async throws {
        let handle = try clients.any()
        for _ in 0..<Self.createdLooks {
            let found = try await onOwnThread { try? KafkaMetadata.partitions(handle) }
            if found?[topic.name.rawValue] == topic.partitions,
                (try? await KafkaOffsets(handle).ranges(of: topic.name, partitions: topic.partitions)) != nil
            {
                return
            }
            try await time.clock.sleep(for: Self.createdPoll)
        }
        throw EventLogError.unavailable(reason: "the topic \(topic.name) was created and does not appear")
    }

    private func partitions(of name: TopicName) async throws -> Int {
        if let known = open.withLock({ $0.partitions[name] }) { return known }
        let handle = try clients.any()
        guard let found = try await onOwnThread({ try KafkaMetadata.partitions(handle) })[name.rawValue] else {
            throw EventLogError.unknownTopic(name)
        }
        open.withLock { $0.partitions[name] = found }
        return found
    }

    // MARK: Records

    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        guard !drafts.isEmpty else { return [] }
        return try await gate.pass { try await hand(drafts) }
    }

    private func hand(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        CrashPoint.hit(.logBeforeAppend)
        var partitions: [Int32] = []
        partitions.reserveCapacity(drafts.count)
        var topic = drafts[0].topic
        var count = try await self.partitions(of: topic)
        // By index: a copy of a draft costs more than all that is looked at.
        for index in drafts.indices {
            if drafts[index].topic != topic {
                topic = drafts[index].topic
                count = try await self.partitions(of: topic)
            }
            partitions.append(try Self.partition(for: drafts[index], among: count))
        }
        let places = try await producer.append(drafts, to: partitions)
        return drafts.indices.map { index in
            RecordID(topic: drafts[index].topic, partition: Int(partitions[index]), position: places[index])
        }
    }

    /// Where a record goes, if it is within the limits.
    private static func partition(for draft: borrowing RecordDraft, among count: Int) throws(EventLogError) -> Int32 {
        let keyBytes = draft.key.utf8.count
        if keyBytes > keyBytesMax { throw .keyTooLong(topic: draft.topic, bytes: keyBytes) }
        let bytes = draft.value?.count ?? 0
        let headers = draft.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        if bytes > valueBytesMax || headers > headersBytesMax {
            throw .valueTooLarge(topic: draft.topic, key: draft.key, bytes: bytes + headers)
        }
        let partition = draft.partition ?? Partitioner.partition(of: draft.key, among: count)
        guard (0..<count).contains(partition) else {
            throw .badName(
                kind: "partition", text: String(partition), reason: "\(draft.topic) has \(count) partitions")
        }
        return Int32(partition)
    }

    public func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await gate.pass { try await openReader(topic, after: positions) }
    }

    private func openReader(_ topic: TopicName, after positions: [Int: Int64]) async throws -> KafkaReader {
        let count = try await partitions(of: topic)
        let reader = try KafkaReader(topic, partitions: count, after: positions, clients: clients, newest: newest) {
            [weak self] reader in
            _ = self?.open.withLock { $0.readers.removeValue(forKey: ObjectIdentifier(reader)) }
        }
        open.withLock { $0.readers[ObjectIdentifier(reader)] = reader }
        return reader
    }

    public func end(of topic: TopicName) async throws -> [Int: Int64] {
        let ranges = try await gate.pass {
            let count = try await partitions(of: topic)
            return try await KafkaOffsets(try clients.any()).ranges(of: topic, partitions: count)
        }
        var ends: [Int: Int64] = [:]
        for (partition, range) in ranges.enumerated() {
            ends[partition] = newest.newest(
                TopicPartition(topic: topic, partition: partition), low: range.low, high: range.high)
        }
        return ends
    }

    // MARK: Groups

    public func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await gate.pass { try await makeMember(of: group, topics) }
    }

    private func makeMember(of group: GroupName, _ topics: [TopicName]) async throws -> KafkaGroupMember {
        for topic in topics { _ = try await partitions(of: topic) }
        let member = try KafkaGroupMember(group, topics: topics, configuration: configuration, logger: logger) {
            [weak self] member in
            _ = self?.open.withLock { $0.members.removeValue(forKey: ObjectIdentifier(member)) }
        }
        open.withLock { $0.members[ObjectIdentifier(member)] = member }
        member.start()
        return member
    }

    // MARK: End

    public func close() async {
        guard gate.shut() else { return }
        open.withLock { $0.ticking }?.cancel()
        // Appends that wait end with it; then nothing runs any more that could open something or use what is ended.
        try? await onOwnThread { [producer] in producer.finish() }
        await gate.untilEmpty()
        let (readers, members) = open.withLock { (Array($0.readers.values), Array($0.members.values)) }
        for reader in readers { await reader.close() }
        await withDiscardingTaskGroup { group in
            for member in members { group.addTask { await member.leave() } }
        }
        try? await onOwnThread { [producer, clients] in
            producer.close()
            clients.close()
        }
    }
}
