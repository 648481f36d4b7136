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
        var changed: Int
        var report: AdvisoryImport.Report
    }

    /// - Returns: a sentence for the reply.
    func run(origin: String, _ replies: Replies) async throws -> String {
        let source = try await AdvisoryOrigin.open(
            origin, transport: transport, folder: folder, bytesMax: configuration.downloadBytesMax)
        defer { source.close() }
        let base = try await keeper.follow().set ?? .empty
        let number = try await view.store.read { try AdvisoryRows.nextNumber($0) }
        try await replies.send(.running, "reading \(source.name)", progress: .init(done: 0, total: nil))
        let writer = GenerationWriter(number: number, replies: replies)
        let limits = configuration.importLimits
        let outcome = try await compute.run {
            try Self.read(source.path, limits: limits, base: base, writer)
        }
        let unreadable = outcome.report.unreadable
        let left =
            unreadable == 0 ? "" : "; \(unreadable) could not be read, such as \(outcome.report.problems.first ?? "")"
        guard outcome.report.records > 0 else { throw CommandError.nothingRead(source.name + left) }
        guard outcome.changed > 0 else {
            return "nothing changed: generation \(base.generation) stays in force\(left)"
        }
        await keeper.prepare(outcome.set)
        try await writer.finish(
            GenerationRecord(
                number: number, importedAt: time.now().milliseconds, origin: source.name, advisories: outcome.set.count,
                changed: outcome.changed, coverage: outcome.set.coverage.map(\.text).sorted()))
        return "generation \(number) is in force: \(outcome.set.count) advisories, \(outcome.changed) changed\(left)"
    }

    private static func read(
        _ path: String, limits: ImportLimits, base: AdvisorySet, _ writer: GenerationWriter
    ) throws -> Outcome {
        let collector = Collector(base: base, writer: writer)
        var reader = AdvisoryImport(limits: limits) { try collector.take($0) }
        try reader.read(path: path)
        let report = reader.report
        if report.unreadable == 0 {
            for key in base.keys where report.sources[key.source] != nil && !collector.seen.contains(key) {
                try collector.remove(key)
            }
        }
        return Outcome(set: collector.builder.build(), changed: writer.written, report: report)
    }

    /// Used by one thread: the one that reads.
    private final class Collector {
        var builder: AdvisorySet.Builder
        var seen: Set<Advisory.Key> = []
        private let base: AdvisorySet
        private let writer: GenerationWriter

        init(base: AdvisorySet, writer: GenerationWriter) {
            builder = AdvisorySet.Builder(generation: writer.number, basedOn: base)
            self.base = base
            self.writer = writer
        }

        func take(_ advisory: Advisory) throws {
            let isNew = seen.insert(advisory.key).inserted
            // A key that comes twice counts as it came last, in the log as in the set.
            let known = isNew ? base.contentHash(of: advisory.key) : builder.contentHash(of: advisory.key)
            guard known != advisory.contentHash else { return }
            builder.add(advisory)
            try writer.put(advisory)
        }

        func remove(_ key: Advisory.Key) throws {
            builder.remove(key)
            try writer.remove(key)
        }
    }
}
