import EventLogPort
import Synchronization

/// Tells the view which records of this service's own topics come from an older instance that writes late, or from a
/// newer one. While this instance stands by it tells nothing.
final class OutputFence: Sendable {
    private struct Tenure {
        var fence: TermFence
        let overtaken: Gate
    }

    private let tenure = Mutex<Tenure?>(nil)

    /// Begins a term. Call it in a transaction of the view: what was applied before belongs to the state that the
    /// instance starts from, and all that comes later is told.
    /// - Returns: opens when a newer instance has written.
    func begin(_ term: Int64, _ ends: [TopicPartition: Int64]) -> Gate {
        let gate = Gate()
        tenure.withLock { $0 = Tenure(fence: TermFence(term: term, fences: ends), overtaken: gate) }
        return gate
    }

    func end() { tenure.withLock { $0 = nil } }

    func observe(_ record: WholeRecord) -> TermFence.Judgement {
        tenure.withLock { tenure in
            guard let judgement = tenure?.fence.observe(record) else { return .current }
            if judgement == .newer { tenure?.overtaken.open() }
            return judgement
        }
    }
}
