import Synchronization

/// Wakes everybody who waits for room in the producer's queue. Whoever found it full names the time at which that was,
/// so that room made in between is not missed.
///
/// Mostly nobody waits, and there are many reports: `made` costs one atomic addition then.
final class RoomSignal: Sendable {
    private let clock = Atomic<UInt64>(0)
    private let count = Atomic<Int>(0)
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    var time: UInt64 { clock.load(ordering: .sequentiallyConsistent) }

    func made() {
        clock.add(1, ordering: .sequentiallyConsistent)
        guard count.load(ordering: .sequentiallyConsistent) > 0 else { return }
        wakeAll()
    }

    /// The count goes up before the time is looked at, and `made` looks at the count after the time has gone up: so one
    /// of the two sees the other.
    func wait(after time: UInt64) async {
        await withCheckedContinuation { continuation in
            waiting.withLock { waiting in
                waiting.append(continuation)
                count.store(waiting.count, ordering: .sequentiallyConsistent)
            }
            if self.time != time { wakeAll() }
        }
    }

    private func wakeAll() {
        let woken = waiting.withLock { waiting in
            defer { waiting = [] }
            count.store(0, ordering: .sequentiallyConsistent)
            return waiting
        }
        for continuation in woken { continuation.resume() }
    }
}
