import CRdkafka
import EventLogPort
import Foundation
import Storage
import Synchronization

/// Reads one topic with a client that it shares with readers of other topics.
///
/// The partitions lie in a queue of this reader's own; librdkafka calls when that is no longer empty, so nobody waits
/// on a thread. A position that the log no longer has because retention removed what was there is passed over; one that
/// it does not have yet means that the topic is another one (`EventLogError.positionsLost`).
final class KafkaReader: EventReader {
    /// Looked at after each handful.
    private static let recordsMax = 512
    private static let bytesMax = 4 << 20
    private static let messagesAtATime = 256

    private struct State {
        var queue: KafkaQueue?
        var isClosed = false
        /// The position of the last record of each partition, or the one that it is read after.
        var last: [Int]
        /// Partitions whose position the brokers do not have.
        var outOfRange: Set<Int> = []
    }

    private enum Take {
        case records([Record])
        case nothing
        case closed
        case outOfRange(Int)
        case failed(EventLogError)
    }

    private let topic: TopicName
    private let lease: ReaderClients.Lease
    private let clients: ReaderClients
    private let newest: NewestRecords
    private let partitions: Int
    private let state: Mutex<State>
    private let wake = Wake()
    /// Starting a partition anew, and the end: one at a time, since the topic is another reader's afterwards.
    private let turns = AsyncLock()
    private let onEnd: @Sendable (KafkaReader) -> Void

    init(
        _ topic: TopicName, partitions: Int, after positions: [Int: Int64], clients: ReaderClients,
        newest: NewestRecords, onEnd: @escaping @Sendable (KafkaReader) -> Void
    ) throws {
        self.onEnd = onEnd
        self.topic = topic
        self.partitions = partitions
        self.clients = clients
        self.newest = newest
        lease = try clients.lease(topic)
        let last = (0..<partitions).map { Int(positions[$0] ?? -1) }
        let queue = KafkaQueue(of: lease.handle, waking: wake)
        state = Mutex(State(queue: queue, last: last))
        for partition in 0..<partitions {
            let position = positions[partition] ?? -1
            start(partition, at: position < 0 ? crd_offset_beginning() : position + 1, queue)
        }
    }

    private func start(_ partition: Int, at offset: Int64, _ queue: KafkaQueue) {
        rd_kafka_consume_start_queue(lease.topic, Int32(partition), offset, queue.raw)
    }

    func next() async throws -> [Record]? {
        while true {
            try Task.checkCancellation()
            switch take() {
            case .records(let records): return records
            case .closed: return nil
            case .failed(let error): throw error
            case .outOfRange(let partition): try await comeBack(partition)
            case .nothing: try await wake.wait()
            }
        }
    }

    // MARK: Taking

    private func take() -> Take {
        state.withLock { state in
            guard !state.isClosed, let queue = state.queue else { return .closed }
            if let partition = state.outOfRange.first { return .outOfRange(partition) }
            var records: [Record] = []
            var bytes = 0
            var failure: EventLogError?
            withUnsafeTemporaryAllocation(
                of: UnsafeMutablePointer<rd_kafka_message_t>?.self, capacity: Self.messagesAtATime
            ) { messages in
                while records.count < Self.recordsMax, bytes < Self.bytesMax, failure == nil {
                    let count = rd_kafka_consume_batch_queue(
                        queue.raw, 0, messages.baseAddress, Self.messagesAtATime)
                    guard count > 0 else { return }
                    // Where there is this much there is more.
                    if count == Self.messagesAtATime { records.reserveCapacity(Self.recordsMax) }
                    var values = SharedValues(messages.prefix(count))
                    for message in messages.prefix(count) {
                        guard let message else { continue }
                        defer { rd_kafka_message_destroy(message) }
                        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                            let record = Record(message, of: topic, value: values.value(of: message))
                            state.last[record.id.partition] = Int(record.position)
                            bytes += message.pointee.len
                            records.append(record)
                        } else {
                            failure = failure ?? note(message.pointee, &state)
                        }
                    }
                }
            }
            if !records.isEmpty { return .records(records) }
            if let failure { return .failed(failure) }
            return state.outOfRange.first.map { .outOfRange($0) } ?? .nothing
        }
    }

    /// - Returns: an error that does not pass.
    private func note(_ message: rd_kafka_message_t, _ state: inout State) -> EventLogError? {
        let partition = Int(message.partition)
        switch message.err {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            guard state.last.indices.contains(partition) else { return nil }
            newest.reached(
                TopicPartition(topic: topic, partition: partition), high: message.offset,
                newest: Int64(state.last[partition]))
            return nil
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            if state.last.indices.contains(partition) { state.outOfRange.insert(partition) }
            return nil
        default:
            let error = lease.handle.failure(message.err, topic: topic)
            // What passes is tried again by librdkafka itself.
            return error.isTransient ? nil : error
        }
    }

    /// Goes on from the first record that is still there, if the wanted one was before it.
    private func comeBack(_ partition: Int) async throws {
        let ends = try await KafkaOffsets(try clients.any()).range(of: topic, partition: partition)
        let wanted = state.withLock { Int64($0.last[partition]) } + 1
        guard wanted <= ends.high else { throw EventLogError.positionsLost(topic) }
        try await turns.withLock {
            guard let queue = self.state.withLock({ $0.isClosed ? nil : $0.queue }) else { return }
            try await onOwnThread { [self] in
                rd_kafka_consume_stop(lease.topic, Int32(partition))
                state.withLock { _ = $0.outOfRange.remove(partition) }
                start(partition, at: max(wanted, ends.low), queue)
            }
        }
    }

    // MARK: End

    /// Wakes who waits; `close` does the rest.
    func end() {
        state.withLock { $0.isClosed = true }
        wake.fire()
    }

    func close() async {
        end()
        await turns.withLock {
            let queue = self.state.withLock { state in
                defer { state.queue = nil }
                return state.queue
            }
            guard let queue else { return }
            try? await onOwnThread { [self] in
                for partition in 0..<partitions { rd_kafka_consume_stop(lease.topic, Int32(partition)) }
                queue.destroy()
                clients.release(lease, of: topic)
            }
            self.onEnd(self)
        }
    }
}
