import CRdkafka
import EventLogPort
import Synchronization

/// One append on its way: waits until every record of it was delivered or has failed.
final class PendingAppend: Sendable {
    /// What a record carries through librdkafka, to find its append again.
    struct Slot {
        let append: Unmanaged<PendingAppend>
        let index: Int
    }

    private typealias Waiting = CheckedContinuation<[Int64], any Error>
    private typealias Outcome = Result<[Int64], any Error>

    private struct State {
        var places: [Int64]
        var missing: Int
        var failure: EventLogError?
        var waiting: Waiting?
    }

    private let state: Mutex<State>
    // Written in `init` only, and read by librdkafka's threads: so shared without a lock.
    nonisolated(unsafe) private let slots: UnsafeMutablePointer<Slot>

    /// Keeps itself alive until the last record is settled.
    init(count: Int) {
        precondition(count >= 1)
        state = Mutex(State(places: Array(repeating: -1, count: count), missing: count))
        slots = .allocate(capacity: count)
        let own = Unmanaged.passRetained(self)
        for index in 0..<count { (slots + index).initialize(to: Slot(append: own, index: index)) }
    }

    deinit { slots.deallocate() }

    func slot(_ index: Int) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(slots + index) }

    /// Called once for each record, on any thread.
    static func settle(_ slot: UnsafeMutableRawPointer, _ result: Result<Int64, EventLogError>) {
        let slot = slot.assumingMemoryBound(to: Slot.self).pointee
        let append = slot.append.takeUnretainedValue()
        if append.settle(slot.index, result) { slot.append.release() }
    }

    private func settle(_ index: Int, _ result: Result<Int64, EventLogError>) -> Bool {
        let (isLast, waiting, outcome) = state.withLock { state -> (Bool, Waiting?, Outcome?) in
            switch result {
            case .success(let place): state.places[index] = place
            case .failure(let error): state.failure = state.failure ?? error
            }
            state.missing -= 1
            guard state.missing == 0 else { return (false, nil, nil) }
            defer { state.waiting = nil }
            return (true, state.waiting, Self.outcome(of: state))
        }
        if let waiting, let outcome { waiting.resume(with: outcome) }
        return isLast
    }

    private static func outcome(of state: State) -> Outcome {
        if let failure = state.failure { return .failure(failure) }
        return .success(state.places)
    }

    /// The records' positions. Called once, after all were handed over.
    func wait() async throws -> [Int64] {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = state.withLock { state -> Outcome? in
                if state.missing == 0 { return Self.outcome(of: state) }
                state.waiting = continuation
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }
}
