import EventLogPort
import Foundation
import Synchronization
import TestSupport

/// Which passing of each crash point ends the process, and which rounds lose a view besides. From a printed seed.
final class KillPlan: Sendable {
    private struct State {
        var random: SeededGenerator
        var rounds = 0
        var deletions = 0
    }

    private let hits: [CrashPoint: Int]
    private let state: Mutex<State>

    /// - Parameter hits: how often each point was passed when the work was done once, without a crash.
    init(hits: [CrashPoint: Int], random: SeededGenerator) {
        self.hits = hits
        state = Mutex(State(random: random))
    }

    func passings(of point: CrashPoint) -> Int { hits[point] ?? 0 }

    /// The first passing is mostly that of the start, so two rounds of three die later, in the midst of the work. The
    /// number of passings varies from run to run: the last third is left alone.
    func occurrence(of point: CrashPoint) -> Int {
        let last = passings(of: point) - passings(of: point) / 3
        return state.withLock { state in
            guard last > 1, !state.random.chance(1 / 3) else { return 1 }
            return Int.random(in: 2...last, using: &state.random)
        }
    }

    /// What one round deletes of the views that are there, so that in the end half of the rounds deleted one.
    func deletion(among views: [URL]) -> URL? {
        state.withLock { state in
            state.rounds += 1
            guard state.deletions * 2 < state.rounds, !views.isEmpty else { return nil }
            state.deletions += 1
            return views.randomElement(using: &state.random)
        }
    }

    /// Rounds that deleted a view, and all rounds.
    var deletions: (of: Int, rounds: Int) { state.withLock { ($0.deletions, $0.rounds) } }
}
