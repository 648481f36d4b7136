import CRdkafka
import EventLogPort
import Foundation
import Logging
import Metrics
import Storage
import Synchronization

/// Appends batches: hands the records to librdkafka and waits for their delivery reports.
///
/// The library's queue is bounded; while it is full an append waits for reports of others. Once the producer has failed
/// for good (`isFatal`), every append fails: the process ends and a new one starts with a new producer.
final class KafkaProducer: Sendable {
    private let handle: KafkaHandle
    private let polling: PollThread
    private let room: RoomSignal
    private let topics = Mutex<[TopicName: Topic]>([:])
    private let isFinishing = Atomic(false)

    /// A topic as the producer holds it.
    private struct Topic: @unchecked Sendable { let raw: OpaquePointer }

    init(_ configuration: KafkaConfiguration, logger: Logger) throws(EventLogError) {
        let room = RoomSignal()
        self.room = room
        let queue = Gauge(label: "pratique_kafka_queued_records")
        var hooks = KafkaHooks(logger: logger)
        hooks.delivered = { message in
            guard let slot = message.pointee._private else { return }
            PendingAppend.settle(slot, Self.result(of: message))
            room.made()
        }
        hooks.failed = { code, reason in
            logger.warning("the Kafka producer has trouble", metadata: ["error.chain": "\(reason) (\(code.rawValue))"])
        }
        hooks.statistics = { json in
            if let queued = KafkaStatistics(json)?.queued { queue.record(queued) }
        }
        handle = try KafkaHandle(.producer, configuration.producer, hooks)
        polling = PollThread(handle, name: "kafka-producer")
    }

    /// - Parameters:
    ///   - drafts: their topics and limits were checked.
    ///   - partitions: one for each draft.
    /// - Returns: the positions, in the order given.
    func append(_ drafts: [RecordDraft], to partitions: [Int32]) async throws -> [Int64] {
        let pending = PendingAppend(count: drafts.count)
        var next = 0
        while next < drafts.count {
            let time = room.time
            next = produce(drafts, from: next, to: partitions, pending)
            guard next < drafts.count else { break }
            if isFinishing.load(ordering: .acquiring) {
                for index in next..<drafts.count { PendingAppend.settle(pending.slot(index), .failure(.closed)) }
                break
            }
            await room.wait(after: time)
        }
        return try await pending.wait()
    }

    /// Hands over as many as there is room for.
    /// - Returns: the first that was not.
    private func produce(
        _ drafts: [RecordDraft], from first: Int, to partitions: [Int32], _ pending: PendingAppend
    ) -> Int {
        var topic: (name: TopicName, handle: Topic)?
        for index in first..<drafts.count {
            let slot = pending.slot(index)
            if topic?.name != drafts[index].topic {
                do { topic = (drafts[index].topic, try self.topic(drafts[index].topic)) } catch {
                    PendingAppend.settle(slot, .failure(error))
                    continue
                }
            }
            guard let handle = topic?.handle else { continue }
            let code = produce(drafts[index], to: partitions[index], of: handle, slot)
            if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return index }
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                PendingAppend.settle(slot, .failure(self.handle.failure(code, topic: drafts[index].topic)))
            }
        }
        return drafts.count
    }

    private func produce(
        _ draft: RecordDraft, to partition: Int32, of topic: Topic, _ slot: UnsafeMutableRawPointer
    ) -> rd_kafka_resp_err_t {
        var key = draft.key
        return key.withUTF8 { key in
            HeaderList.withRaw(draft.headers) { headers in
                func hand(_ value: UnsafeRawPointer?, _ bytes: Int) -> rd_kafka_resp_err_t {
                    crd_produce(
                        handle.raw, topic.raw, partition,
                        key.baseAddress.map { UnsafeRawPointer($0) } ?? HeaderList.nothing,
                        key.count, value, bytes, headers.baseAddress, headers.count, slot)
                }
                guard let value = draft.value else { return hand(nil, 0) }
                return value.withUnsafeBytes { hand($0.baseAddress ?? HeaderList.nothing, $0.count) }
            }
        }
    }

    private func topic(_ name: TopicName) throws(EventLogError) -> Topic {
        try topics.withLock { topics throws(EventLogError) in
            if let topic = topics[name] { return topic }
            guard let raw = rd_kafka_topic_new(handle.raw, name.rawValue, nil) else {
                throw handle.failure(rd_kafka_last_error(), topic: name)
            }
            let topic = Topic(raw: raw)
            topics[name] = topic
            return topic
        }
    }

    private static func result(of message: UnsafePointer<rd_kafka_message_t>) -> Result<Int64, EventLogError> {
        let message = message.pointee
        if message.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            if message.offset >= 0 { return .success(message.offset) }
            // It landed at an earlier attempt, and the broker did not say where.
            return .failure(.unavailable(reason: "the place of a record is not known"))
        }
        let name = message.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? ""
        let topic = try? TopicName(name)
        if message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, let topic {
            return .failure(.valueTooLarge(topic: topic, key: "", bytes: message.len))
        }
        return .failure(KafkaFailure.translate(message.err, topic: topic))
    }

    /// Waits for what is on its way, for a time; what is left then fails. Blocks: not for the cooperative pool.
    func finish() {
        isFinishing.store(true, ordering: .releasing)
        rd_kafka_flush(handle.raw, Int32(KafkaConfiguration.callSeconds * 1000))
        rd_kafka_purge(handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_flush(handle.raw, 1000)
        room.made()
    }

    /// Ends the client, after `finish`. Blocks: not for the cooperative pool.
    func close() {
        polling.stop()
        let last = topics.withLock { topics in
            defer { topics = [:] }
            return Array(topics.values)
        }
        for topic in last { rd_kafka_topic_destroy(topic.raw) }
        handle.close()
    }
}
