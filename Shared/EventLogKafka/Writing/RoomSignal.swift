import Synchronization

/// Wakes everybody who waits for room in the producer's queue. Whoever found it full names the time at which that was,
/// so that room made in between is not missed.
final class RoomSignal: Sendable {
    private struct State {
        var time: UInt64 = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var time: UInt64 { state.withLock { $0.time } }

    func made() {
        let woken = state.withLock { state in
            state.time &+= 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in woken { continuation.resume() }
    }

    func wait(after time: UInt64) async {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state in
                if state.time != time { return true }
                state.waiting.append(continuation)
                return false
            }
            if now { continuation.resume() }
        }
    }
}
