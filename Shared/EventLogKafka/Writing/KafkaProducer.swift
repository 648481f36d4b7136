import CRdkafka
import EventLogPort
import Logging
import Metrics

/// Appends batches: a batch is answered when each of its records has been delivered or has failed.
///
/// Once the producer has failed for good (`isFatal`), every append fails: the process ends and a new one starts with a
/// new producer.
final class KafkaProducer: Sendable {
    private let handle: KafkaHandle
    private let thread: ProducerThread

    init(_ configuration: KafkaConfiguration, logger: Logger) throws(EventLogError) {
        let queue = Gauge(label: "pratique_kafka_queued_records")
        var hooks = KafkaHooks(logger: logger)
        hooks.delivered = { message in
            if let slot = message.pointee._private { PendingAppend.settle(slot, Self.result(of: message)) }
        }
        hooks.failed = { code, reason in
            logger.warning("the Kafka producer has trouble", metadata: ["error.chain": "\(reason) (\(code.rawValue))"])
        }
        hooks.statistics = { json in
            if let queued = KafkaStatistics(json)?.queued { queue.record(queued) }
        }
        handle = try KafkaHandle(.producer, configuration.producer, hooks)
        thread = ProducerThread(handle)
    }

    /// - Parameters:
    ///   - drafts: at least one; their topics and limits were checked.
    ///   - partitions: one for each draft.
    /// - Returns: the positions, in the order given.
    func append(_ drafts: [RecordDraft], to partitions: [Int32]) async throws -> [Int64] {
        try await withCheckedThrowingContinuation { thread.take(PendingAppend(drafts, to: partitions, $0)) }
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

    /// Waits for what is on its way, for a time; what is left then fails, and so does what comes later. Blocks: not for
    /// the cooperative pool. Called once.
    func finish() { thread.stop() }

    /// Ends the client, after `finish`. Blocks: not for the cooperative pool.
    func close() { handle.close() }
}
