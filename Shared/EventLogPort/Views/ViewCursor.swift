import Foundation
import Synchronization

/// The state of a running view, shared by the readers of its topics. Changed only after a commit.
final class ViewCursor: Sendable {
    private let current: Mutex<ViewState>

    init(_ state: ViewState) { current = Mutex(state) }

    func positions(of topic: TopicName) -> [Int: Int64] {
        current.withLock { state in
            var positions: [Int: Int64] = [:]
            for (partition, position) in state.positions where partition.topic == topic {
                positions[partition.partition] = position
            }
            return positions
        }
    }

    /// Leaves out what was applied already.
    func unseen(_ records: [Record]) -> [Record] {
        var reached = current.withLock { $0.positions }
        return records.filter { record in
            let partition = record.id.topicPartition
            guard record.position > reached[partition] ?? -1 else { return false }
            reached[partition] = record.position
            return true
        }
    }

    /// The state to store with a commit that reaches these positions.
    func state(reaching reached: [TopicPartition: Int64] = [:], fedAt: Date) -> ViewState {
        var state = current.withLock { $0 }
        state.positions.merge(reached) { max($0, $1) }
        state.fedAt = fedAt
        return state
    }

    func advance(to reached: [TopicPartition: Int64]) {
        current.withLock { $0.positions.merge(reached) { max($0, $1) } }
    }
}
