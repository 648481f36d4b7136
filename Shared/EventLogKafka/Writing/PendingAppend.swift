import CRdkafka
import EventLogPort

/// One append on its way: waits until every record of it was delivered or has failed.
///
/// Unchecked: who made it gives it to the producer's thread, and only that one touches it from then on.
final class PendingAppend: @unchecked Sendable {
    /// What a record carries through librdkafka, to find its append again.
    private struct Slot {
        let append: Unmanaged<PendingAppend>
        let index: Int
    }

    let drafts: [RecordDraft]
    /// One for each draft.
    let partitions: [Int32]
    /// The first draft that librdkafka does not have yet.
    var next = 0

    private let slots: UnsafeMutablePointer<Slot>
    private var places: [Int64]
    private var missing: Int
    private var failure: EventLogError?
    private let waiting: CheckedContinuation<[Int64], any Error>

    /// Keeps itself alive until the last record is settled; then resumes who waits, with the records' positions.
    init(_ drafts: [RecordDraft], to partitions: [Int32], _ waiting: CheckedContinuation<[Int64], any Error>) {
        precondition(!drafts.isEmpty && drafts.count == partitions.count)
        self.drafts = drafts
        self.partitions = partitions
        self.waiting = waiting
        missing = drafts.count
        places = Array(repeating: -1, count: drafts.count)
        slots = .allocate(capacity: drafts.count)
        let own = Unmanaged.passRetained(self)
        for index in drafts.indices { (slots + index).initialize(to: Slot(append: own, index: index)) }
    }

    deinit { slots.deallocate() }

    func slot(_ index: Int) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(slots + index) }

    /// Called once for each record that librdkafka took.
    static func settle(_ slot: UnsafeMutableRawPointer, _ result: Result<Int64, EventLogError>) {
        let slot = slot.assumingMemoryBound(to: Slot.self).pointee
        slot.append._withUnsafeGuaranteedRef { $0.settle(slot.index, result) }
    }

    /// Called once for each record that librdkafka did not take.
    func settle(_ index: Int, _ result: Result<Int64, EventLogError>) {
        switch result {
        case .success(let place): places[index] = place
        case .failure(let error): failure = failure ?? error
        }
        missing -= 1
        guard missing == 0 else { return }
        waiting.resume(with: failure.map { .failure($0) } ?? .success(places))
        Unmanaged.passUnretained(self).release()
    }

    /// Settles all that librdkafka was not given.
    func giveUp(_ error: EventLogError) {
        for index in next..<drafts.count { settle(index, .failure(error)) }
    }
}
