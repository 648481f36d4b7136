import Advisories
import EventLogPort
import Model
import Storage

/// Knows when everything has been judged under the same advisories and policies, and that this was not said yet.
struct FullPasses {
    struct Mark: Equatable {
        let generation: Int?
        let images: Int
    }

    private var said: State?
    private var before: State?

    private struct State: Equatable {
        let generation: Int?
        let policies: [Policy]
        /// An older instance has written `_judged` late.
        let isOverwritten: Bool
    }

    mutating func noteBefore(_ view: View<EvaluatorProjection, SQLiteViewStore>) async throws {
        before = try await Self.state(view)
    }

    /// The mark to write, when nothing is dirty and the advisories or policies are others than those last said.
    mutating func due(
        _ view: View<EvaluatorProjection, SQLiteViewStore>, _ set: AdvisorySet?
    ) async throws -> Mark? {
        let now = try await Self.state(view)
        guard now == before, now.generation == set?.generation, now != said || now.isOverwritten else { return nil }
        let (isClean, images) = try await view.store.read {
            (try EvaluatorRows.isClean($0), try EvaluatorRows.liveNames($0))
        }
        guard isClean else { return nil }
        said = State(generation: now.generation, policies: now.policies, isOverwritten: false)
        return Mark(generation: now.generation, images: images)
    }

    private static func state(_ view: View<EvaluatorProjection, SQLiteViewStore>) async throws -> State {
        try await view.store.read { db in
            State(
                generation: try AdvisoryRows.active(db), policies: try EvaluatorRows.policies(db),
                isOverwritten: try EvaluatorRows.isJudgedOverwritten(db))
        }
    }
}
