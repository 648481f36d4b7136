import Advisories
import EventLogPort
import Events
import Foundation
import HTTPPort
import Model
import Storage

/// Imports OSV records as a new generation; only what changed is written.
///
/// A source of the import (the folder that its records lie in, such as `Debian`) is taken as whole: records of it that
/// are
/// in force and no longer there are removed, unless some record of the import could not be read. Other sources stay.
struct AdvisoryImporter: Sendable {
    let keeper: GenerationKeeper
    let view: View<EvaluatorProjection, SQLiteViewStore>
    let compute: ComputePool
    let transport: any HTTPTransport
    let folder: URL
    let configuration: EvaluatorConfiguration
    let time: TimeSource

    /// What reading the whole import came to.
    private struct Outcome: Sendable {
        var set: AdvisorySet
        /// What an interrupted import left in the log and this one did not write.
        var unfinished: Set<Advisory.Key>
        var report: AdvisoryImport.Report
    }

    /// - Returns: a sentence for the reply.
    func run(origin: String, _ replies: Replies) async throws -> String {
        let inForce = try await keeper.follow()
        do {
            let source = try await AdvisoryOrigin.open(
                origin, transport: transport, folder: folder, bytesMax: configuration.downloadBytesMax)
            defer { source.close() }
            return try await read(source, inForce, replies)
        } catch let error where error is CommandError || error is AdvisoriesError {
            try await takeBack(to: inForce, replies)
            throw error
        }
    }

    private func read(
        _ source: AdvisoryOrigin, _ inForce: AdvisoriesInForce?, _ replies: Replies
    ) async throws -> String {
        let base = inForce?.set ?? .empty
        let (number, unfinished, unread) = try await view.store.read {
            (try AdvisoryRows.nextNumber($0), try AdvisoryRows.unfinished($0), try AdvisoryRows.unreadable($0))
        }
        try await replies.send(.running, "reading \(source.name)", progress: .init(done: 0, total: nil))
        let writer = GenerationWriter(number: number, replies: replies)
        let limits = configuration.importLimits
        let outcome = try await compute.runImport {
            try Self.read(source.path, limits: limits, base: base, unfinished, writer)
        }
        let unreadable = outcome.report.unreadable
        let left =
            unreadable == 0 ? "" : "; \(unreadable) could not be read, such as \(outcome.report.problems.first ?? "")"
        guard outcome.report.records > 0 else { throw CommandError.nothingRead(source.name + left) }
        // What cannot be read stays so, unless it is known here or its source was read as a whole.
        let settled = outcome.unfinished.filter { key in
            let isWhole = unreadable == 0 && outcome.report.sources[key.source] != nil
            return !unread.contains(key) || isWhole || outcome.set.contentHash(of: key) != nil
        }
        try await writer.settle(settled, as: outcome.set, of: base.generation, view)
        let before = inForce?.incomplete ?? []
        let incomplete = unreadable == 0 ? before.filter { outcome.report.sources[$0] == nil } : before
        guard writer.written > 0 || incomplete != before else {
            return "nothing changed: generation \(base.generation) stays in force\(left)"
        }
        await keeper.prepare(outcome.set)
        try await writer.finish(
            GenerationRecord(
                number: number, importedAt: time.now().milliseconds, origin: source.name, advisories: outcome.set.count,
                changed: writer.written, coverage: outcome.set.coverage.map(\.text).sorted(),
                incomplete: incomplete.isEmpty ? nil : incomplete))
        return "generation \(number) is in force: \(outcome.set.count) advisories, \(writer.written) changed\(left)"
    }

    /// An import that fails leaves the generation before in force: what it wrote is written over with what that has.
    private func takeBack(to inForce: AdvisoriesInForce?, _ replies: Replies) async throws {
        let ends = try await replies.session.ends(of: [Topics.advisories.name]).filter { $0.value >= 0 }
        try await view.waitFor(ends, within: configuration.viewWait)
        let unfinished = try await view.store.read {
            try AdvisoryRows.unfinished($0).subtracting(AdvisoryRows.unreadable($0))
        }
        let base = inForce?.set ?? .empty
        let writer = GenerationWriter(number: base.generation, replies: replies)
        let known = unfinished.filter { !(inForce?.incomplete.contains($0.source) ?? false) }
        try await writer.settle(known, as: base, of: base.generation, view)
        try await writer.flush()
    }

    private static func read(
        _ path: String, limits: ImportLimits, base: AdvisorySet, _ unfinished: Set<Advisory.Key>,
        _ writer: GenerationWriter
    ) throws -> Outcome {
        let collector = Collector(base: base, unfinished: unfinished, writer: writer)
        var reader = AdvisoryImport(limits: limits) { try collector.take($0) }
        try reader.read(path: path)
        let report = reader.report
        if report.unreadable == 0 {
            for key in base.keys where report.sources[key.source] != nil && !collector.seen.contains(key) {
                try collector.remove(key)
            }
        }
        return Outcome(set: collector.builder.build(), unfinished: collector.unfinished, report: report)
    }

    /// Used by one thread: the one that reads.
    private final class Collector {
        var builder: AdvisorySet.Builder
        var seen: Set<Advisory.Key> = []
        private(set) var unfinished: Set<Advisory.Key>
        private let base: AdvisorySet
        private let writer: GenerationWriter

        init(base: AdvisorySet, unfinished: Set<Advisory.Key>, writer: GenerationWriter) {
            self.unfinished = unfinished
            builder = AdvisorySet.Builder(generation: writer.number, basedOn: base)
            self.base = base
            self.writer = writer
        }

        func take(_ advisory: Advisory) throws {
            let isNew = seen.insert(advisory.key).inserted
            // A key that comes twice counts as it came last, in the log as in the set.
            let known = isNew ? base.contentHash(of: advisory.key) : builder.contentHash(of: advisory.key)
            // What an interrupted import wrote under it is what the log holds: then the same content is written again.
            guard known != advisory.contentHash || unfinished.contains(advisory.key) else { return }
            unfinished.remove(advisory.key)
            builder.add(advisory)
            try writer.put(advisory)
        }

        func remove(_ key: Advisory.Key) throws {
            unfinished.remove(key)
            builder.remove(key)
            try writer.remove(key)
        }
    }
}
