import EventLogPort
import Synchronization

/// Counts the calls that run, so that what they use is ended after them; refuses new ones once it is shut.
final class CallGate: Sendable {
    private struct State {
        var running = 0
        var isShut = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// - Throws: `EventLogError.closed` after `shut`, and what `body` throws.
    func pass<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        try state.withLock { state throws(EventLogError) in
            if state.isShut { throw .closed }
            state.running += 1
        }
        defer { leave() }
        return try await body()
    }

    private func leave() {
        let woken = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in woken { continuation.resume() }
    }

    /// - Returns: false when it was shut already.
    func shut() -> Bool {
        state.withLock { state in
            defer { state.isShut = true }
            return !state.isShut
        }
    }

    /// Returns when no call runs any more.
    func untilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.running > 0 { state.waiting.append(continuation) }
                return state.running == 0
            }
            if isEmpty { continuation.resume() }
        }
    }
}
