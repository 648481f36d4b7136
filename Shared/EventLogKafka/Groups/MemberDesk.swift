import CRdkafka
import EventLogPort
import Logging
import Synchronization

/// What a member owns, holds and has to tell. librdkafka's callbacks come here, on the thread that polls.
final class MemberDesk: Sendable {
    private struct State {
        var windows: [TopicPartition: PartitionWindow] = [:]
        /// Assignments and revocations that were not told yet.
        var news: [GroupStep] = []
        var failure: EventLogError?
        var isOver = false
    }

    enum Step {
        case step(GroupStep)
        case nothing
        case over
        case failed(EventLogError)
    }

    private let state = Mutex(State())
    private let wake = Wake()
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    // MARK: Towards the service

    /// Revocations and assignments first: records that are handed out are of partitions that the service knows of.
    func next() async throws -> GroupStep? {
        while true {
            switch take() {
            case .step(let step): return step
            case .over: return nil
            case .failed(let error): throw error
            case .nothing: try await wake.wait()
            }
        }
    }

    private func take() -> Step {
        state.withLock { state in
            if state.isOver { return .over }
            if !state.news.isEmpty { return .step(state.news.removeFirst()) }
            var records: [Record] = []
            for partition in state.windows.keys.sorted() {
                records += state.windows[partition]?.take() ?? []
            }
            if !records.isEmpty { return .step(.records(records)) }
            return state.failure.map { .failed($0) } ?? .nothing
        }
    }

    /// - Parameter store: given where a new owner of the partition would begin, if that moved. Called under the lock,
    ///   so that places are stored in their order and none after the partition was taken away.
    func finish(_ id: RecordID, _ store: (Int64) -> Void) {
        state.withLock { state in
            if let moved = state.windows[id.topicPartition]?.finish(id.position) { store(moved) }
        }
        wake.fire()
    }

    func end() {
        state.withLock { $0.isOver = true }
        wake.fire()
    }

    func fail(_ error: EventLogError) {
        state.withLock { $0.failure = $0.failure ?? error }
        wake.fire()
    }

    // MARK: From librdkafka

    func receive(_ record: Record) {
        state.withLock { $0.windows[record.id.topicPartition]?.receive(record) }
    }

    func received() { wake.fire() }

    /// Partitions that are to be paused or resumed; from then on they count as that.
    func pauses() -> (pause: [TopicPartition], resume: [TopicPartition]) {
        state.withLock { state in
            var (pause, resume): ([TopicPartition], [TopicPartition]) = ([], [])
            for (partition, window) in state.windows where window.wantsPause != window.isPaused {
                if window.wantsPause { pause.append(partition) } else { resume.append(partition) }
                state.windows[partition]?.paused(window.wantsPause)
            }
            return (pause, resume)
        }
    }

    /// The members' partitions are dealt out anew. Positions that were stored are committed by `rd_kafka_assign`.
    func rebalanced(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let partitions = list.pointee.partitions
            state.withLock { state in
                for partition in partitions { state.windows[partition] = PartitionWindow() }
                if !partitions.isEmpty { state.news.append(.assigned(partitions)) }
            }
            // A pause outlives the assignment, and the window that it was for is gone.
            rd_kafka_resume_partitions(client, list)
            rd_kafka_assign(client, list)
        } else {
            if code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
                logger.warning("a rebalance failed", metadata: ["error.chain": "\(KafkaFailure.text(code))"])
            }
            state.withLock { state in
                let lost = Set(state.windows.keys)
                state.windows = [:]
                if !lost.isEmpty { state.news.append(.revoked(lost)) }
            }
            rd_kafka_assign(client, nil)
        }
        wake.fire()
    }
}
