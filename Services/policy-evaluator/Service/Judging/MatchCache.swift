import Model
import Synchronization

/// Match results in memory, by inventory and generation; the least recently used go first.
final class MatchCache: Sendable {
    struct Key: Hashable, Sendable {
        let inventory: String
        let position: Int64
        let generation: Int
    }

    private struct State {
        var results: [Key: (result: MatchResult, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    func result(_ key: Key, or make: () -> MatchResult) -> MatchResult {
        let known = state.withLock { state -> MatchResult? in
            state.clock += 1
            state.results[key]?.used = state.clock
            return state.results[key]?.result
        }
        if let known { return known }
        let made = make()
        state.withLock { state in
            if state.results.count >= capacity { Self.evict(&state) }
            state.results[key] = (made, state.clock)
        }
        return made
    }

    /// A quarter at a time, so that looking for the oldest is rare.
    private static func evict(_ state: inout State) {
        let oldest = state.results.sorted { $0.value.used < $1.value.used }.prefix(max(1, state.results.count / 4))
        for entry in oldest { state.results[entry.key] = nil }
    }
}
