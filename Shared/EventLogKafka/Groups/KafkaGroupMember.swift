import CRdkafka
import EventLogPort
import Foundation
import Logging
import Metrics
import Storage
import Synchronization

/// A member of a consumer group, with a client of its own.
///
/// A task polls the client whenever it has something and at least each second, whether or not the service takes steps:
/// work that takes longer than `max.poll.interval.ms` causes no rebalance. The position of the lowest unfinished record
/// is stored with each acknowledgement and committed each second, at a revocation and at the end.
final class KafkaGroupMember: GroupMember {
    private static let messagesPerTurn = 512

    private let handle: KafkaHandle
    private let queue: KafkaQueue
    private let desk: MemberDesk
    private let wake = Wake()
    private let isLeaving = Atomic(false)
    private let leaving = AsyncLock()
    /// Whether the client may be used by acknowledgements.
    private let isOpen = Mutex(true)
    private let pump = Mutex<Task<Void, Never>?>(nil)
    private let topics: [String: TopicName]
    private let logger: Logger

    private let onEnd: @Sendable (KafkaGroupMember) -> Void

    init(
        _ group: GroupName, topics: [TopicName], configuration: KafkaConfiguration, logger: Logger,
        onEnd: @escaping @Sendable (KafkaGroupMember) -> Void
    ) throws {
        self.onEnd = onEnd
        self.logger = logger
        let desk = MemberDesk(logger: logger)
        self.desk = desk
        self.topics = Dictionary(topics.map { ($0.rawValue, $0) }, uniquingKeysWith: { first, _ in first })
        var hooks = KafkaHooks(logger: logger)
        hooks.rebalanced = { desk.rebalanced($0, $1, $2) }
        hooks.failed = { code, reason in
            if KafkaFailure.isFinal(code) { desk.fail(.failed(reason: "\(group): \(reason)")) }
        }
        hooks.statistics = { json in
            for (topic, lag) in KafkaStatistics(json)?.lag ?? [:] {
                Gauge(label: "pratique_kafka_lag_records", dimensions: [("group", group.rawValue), ("topic", topic)])
                    .record(lag)
            }
        }
        handle = try KafkaHandle(.consumer, configuration.member(of: group.rawValue), hooks)
        rd_kafka_poll_set_consumer(handle.raw)
        queue = KafkaQueue(ofConsumer: handle, waking: wake)
        let list = PartitionList(subscribing: topics)
        let code = list.withRaw { rd_kafka_subscribe(handle.raw, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let error = handle.failure(code, topic: topics.first)
            queue.destroy()
            handle.close()
            throw error
        }
    }

    /// Begins to poll. The task holds the member until it leaves.
    func start() { pump.withLock { $0 = Task { await self.poll() } } }

    func tick() { wake.fire() }

    func next() async throws -> GroupStep? { try await desk.next() }

    func acknowledge(_ record: RecordID) async throws {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            desk.finish(record) { position in
                let list = PartitionList()
                list.add(record.topic, record.partition, offset: position)
                list.withRaw { _ = rd_kafka_offsets_store(handle.raw, $0) }
            }
        }
        wake.fire()
    }

    // MARK: Polling

    private func poll() async {
        while !isLeaving.load(ordering: .acquiring) {
            // One turn is bounded, so that a pool thread is given back.
            if turn() { await Task.yield() } else { try? await wake.wait() }
        }
    }

    /// - Returns: whether there may be more.
    private func turn() -> Bool {
        var isNew = false
        defer { if isNew { desk.received() } }
        for count in 1...Self.messagesPerTurn {
            guard let message = rd_kafka_consumer_poll(handle.raw, 0) else {
                settlePauses()
                return false
            }
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                note(message.pointee)
            } else if let name = message.pointee.rkt.flatMap({ rd_kafka_topic_name($0) }),
                let topic = topics[String(cString: name)]
            {
                var values = SharedValues([message])
                desk.receive(Record(message, of: topic, value: values.value(of: message)))
                isNew = true
            }
            if count % 16 == 0 { settlePauses() }
        }
        settlePauses()
        return true
    }

    private func note(_ message: rd_kafka_message_t) {
        if KafkaFailure.isFinal(message.err) { return desk.fail(handle.failure(message.err)) }
        // librdkafka goes on by itself: a topic that was just made is not known to every broker yet, for one.
        logger.debug("a member waits", metadata: ["error.chain": "\(KafkaFailure.text(message.err))"])
    }

    private func settlePauses() {
        let (pause, resume) = desk.pauses()
        if !pause.isEmpty {
            let list = PartitionList(pause)
            list.withRaw { _ = rd_kafka_pause_partitions(handle.raw, $0) }
        }
        if !resume.isEmpty {
            let list = PartitionList(resume)
            list.withRaw { _ = rd_kafka_resume_partitions(handle.raw, $0) }
        }
    }

    // MARK: End

    func leave() async {
        await leaving.withLock {
            guard !self.isLeaving.exchange(true, ordering: .acquiringAndReleasing) else { return }
            self.desk.end()
            self.wake.fire()
            await self.pump.withLock { $0 }?.value
            self.isOpen.withLock { $0 = false }
            // Commits the positions, tells the group, ends the client's threads.
            try? await onOwnThread { [self] in
                rd_kafka_consumer_close(handle.raw)
                queue.destroy()
                handle.close()
            }
            self.onEnd(self)
        }
    }
}
