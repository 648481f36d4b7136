import EventLogPort
import Synchronization

/// Where each slot ends, and who waits for more.
final class LogTail: Sendable {
    private struct State {
        var ends: [Int64: Int64] = [:]
        var listeners: [Int64: [ObjectIdentifier: Wake]] = [:]
        var listenerCount = 0
    }

    private let state = Mutex(State())

    /// The position of the slot's newest record, -1 when there never was one.
    func end(of slot: Int64) -> Int64 { state.withLock { $0.ends[slot] ?? -1 } }
    var isListenedTo: Bool { state.withLock { $0.listenerCount > 0 } }

    /// Notes new ends and wakes whoever listens to them. Ends never go back.
    func advance(_ ends: [Int64: Int64]) {
        let woken = state.withLock { state in
            var woken: [Wake] = []
            for (slot, end) in ends where end > state.ends[slot] ?? -1 {
                state.ends[slot] = end
                if let listeners = state.listeners[slot] { woken += listeners.values }
            }
            return woken
        }
        for wake in woken { wake.fire() }
    }

    func listen(_ wake: Wake, to slots: some Sequence<Int64>) {
        state.withLock { state in
            for slot in slots
            where state.listeners[slot, default: [:]].updateValue(wake, forKey: ObjectIdentifier(wake)) == nil {
                state.listenerCount += 1
            }
        }
    }

    func unlisten(_ wake: Wake, from slots: some Sequence<Int64>) {
        state.withLock { state in
            for slot in slots where state.listeners[slot]?.removeValue(forKey: ObjectIdentifier(wake)) != nil {
                state.listenerCount -= 1
            }
        }
    }
}
