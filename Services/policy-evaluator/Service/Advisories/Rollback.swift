import Advisories
import EventLogPort
import Events
import Foundation
import Model
import Storage

/// Puts an earlier generation in force again: writes the reverse difference as a new generation.
///
/// So the topic `advisories` always holds what is in force, for whoever reads it from the start. Generations from the
/// view's floor on can be had back: those since it was built, and at most `generationsKept`.
struct Rollback: Sendable {
    let keeper: GenerationKeeper
    let view: View<EvaluatorProjection, SQLiteViewStore>
    let compute: ComputePool
    let time: TimeSource

    /// - Returns: a sentence for the reply.
    func run(to number: Int, _ replies: Replies) async throws -> String {
        guard let current = try await keeper.follow()?.set else { throw CommandError.unknownGeneration(number) }
        if number == current.generation { return "generation \(number) is in force already" }
        let (known, floor, next, unfinished) = try await view.store.read { db in
            (
                try AdvisoryRows.generation(number, db), try Meta.floor.readNumber(db) ?? current.generation,
                try AdvisoryRows.nextNumber(db), try AdvisoryRows.unfinished(db)
            )
        }
        guard let known else { throw CommandError.unknownGeneration(number) }
        let refusal = CommandError.generationNotKept(number, oldest: max(floor, 1), newest: current.generation)
        guard number >= floor else { throw refusal }
        let target = try await view.store.read { try AdvisoryRows.set(of: number, $0).set }
        // Unreadable records are not part of it, so it is refused.
        guard target.count == known.advisories else { throw refusal }
        let delta = try await compute.runImport { AdvisoryDelta(from: current, to: target) }
        if delta.isEmpty, unfinished.isEmpty {
            return "generation \(current.generation) has the same advisories as \(number)"
        }
        try await replies.send(.running, "putting generation \(number) in force again")
        let writer = GenerationWriter(number: next, replies: replies)
        let set = try await write(delta, from: current, asOf: number, writer)
        let written = delta.added + delta.changed + delta.removed
        try await writer.settle(unfinished.subtracting(written), as: set, of: number, view)
        await keeper.prepare(set)
        try await writer.finish(
            GenerationRecord(
                number: next, importedAt: time.now().milliseconds, origin: "generation \(number), put in force again",
                advisories: set.count, changed: writer.written, coverage: set.coverage.map(\.text).sorted(),
                incomplete: known.incomplete))
        return "generation \(next) is in force: the advisories of generation \(number), \(writer.written) changed"
    }

    private func write(
        _ delta: AdvisoryDelta, from current: AdvisorySet, asOf number: Int, _ writer: GenerationWriter
    ) async throws -> AdvisorySet {
        let keys = delta.added + delta.changed
        // On the thread of a database reader, which may block.
        return try await view.store.read { db in
            var builder = AdvisorySet.Builder(generation: writer.number, basedOn: current)
            for key in keys {
                guard let advisory = try AdvisoryRows.advisory(key, asOf: number, db) else { continue }
                builder.add(advisory)
                try writer.put(advisory)
            }
            for key in delta.removed {
                builder.remove(key)
                try writer.remove(key)
            }
            return builder.build()
        }
    }
}
