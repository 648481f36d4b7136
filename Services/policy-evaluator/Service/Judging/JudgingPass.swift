import Advisories
import Crypto
import EventLogPort
import Events
import Foundation
import Logging
import Metrics
import Model
import Storage

/// Judges dirty names batch by batch until none is left: reads, judges in parallel, appends, and only then forgets that
/// they were dirty.
struct JudgingPass: Sendable {
    let view: View<EvaluatorProjection, SQLiteViewStore>
    let session: ActiveSession
    let compute: ComputePool
    let cache: MatchCache
    let configuration: EvaluatorConfiguration
    let time: TimeSource
    let logger: Logger

    /// Now, and never before the last full pass.
    func now() async throws -> Date {
        let last = try await view.store.read { try Meta.judgedAt.read($0).flatMap { Double($0) } }
        return max(time.now(), Date(timeIntervalSince1970: last ?? 0)).milliseconds
    }

    /// - Returns: how many verdicts were written.
    func run(with advisories: @Sendable () async throws -> AdvisoriesInForce?) async throws -> Int {
        var written = 0
        while session.isActive {
            try Task.checkCancellation()
            let inForce = try await advisories()
            let limit = configuration.batchMax
            let (newer, names, inputs, policies, problems) = try await view.store.read { db in
                let names = try EvaluatorRows.dirty(limit, db)
                return (
                    try EvaluatorRows.newerOutput(db), names, try names.map { try EvaluatorRows.inputs($0.key, db) },
                    try EvaluatorRows.policies(db),
                    try EvaluatorRows.problems(db)
                )
            }
            // In the same snapshot: a verdict of a newer schema makes its own name dirty.
            if let newer { throw ActiveInstanceError.mustStandBack(reason: newer) }
            if names.isEmpty { break }
            let judge = NameJudge(
                set: inForce?.set, policies: policies, problems: problems + (inForce?.problems ?? []), cache: cache,
                now: try await now())
            written += try await judgeAndWrite(inputs, judge)
            try await view.store.change { try EvaluatorRows.clean(names, $0) }
        }
        return written
    }

    private func judgeAndWrite(_ inputs: [JudgingInputs], _ judge: NameJudge) async throws -> Int {
        let drafts = try await withThrowingTaskGroup(of: (Int, [RecordDraft]).self) { group in
            var next = 0
            func addOne() {
                guard next < inputs.count else { return }
                let (number, input) = (next, inputs[next])
                next += 1
                group.addTask { (number, try await compute.run { try self.drafts(for: input, judge.at(input)) }) }
            }
            for _ in 0..<compute.threads { addOne() }
            var all = [[RecordDraft]](repeating: [], count: inputs.count)
            while let (number, drafts) = try await group.next() {
                all[number] = drafts
                addOne()
            }
            return all
        }
        let flat = drafts.flatMap { $0 }
        guard !flat.isEmpty else { return 0 }
        CrashPoint.hit(.evaluatorBeforeVerdicts)
        let places = try await session.append(flat)
        CrashPoint.hit(.evaluatorAfterVerdicts)
        // The next comparison must be with what was just written.
        let last = places.filter { $0.topic == Topics.verdicts.name }.max { $0.position < $1.position }
        if let last { try await view.waitFor([last.topicPartition: last.position], within: configuration.viewWait) }
        return drafts.count { !$0.isEmpty }
    }

    /// One name that cannot be judged is told so and holds up no other.
    func drafts(for inputs: JudgingInputs, _ judge: NameJudge) throws -> [RecordDraft] {
        do { return try Self.drafts(for: inputs, judge, try judge.judge(inputs)) } catch {
            logger.error(
                "a name cannot be judged", metadata: ["image.ref": "\(inputs.key)", "error.chain": "\(error)"])
            return try Self.drafts(for: inputs, judge, try judge.refuse(inputs, because: error))
        }
    }

    private static func drafts(
        for inputs: JudgingInputs, _ judge: NameJudge, _ judgement: Judgement
    ) throws -> [RecordDraft] {
        let source = PolicyEvaluatorRunner.name
        let origin = EventContext(
            id: inputs.name?.event ?? inputs.key, source: source, time: judge.now, traceparent: inputs.name?.traceparent
        )
        switch judgement {
        case .keep: return []
        case .remove:
            return [.tombstone(Topics.verdicts, key: inputs.key, origin.caused("gone", by: source, at: judge.now))]
        case .write(let record):
            Counter(label: "pratique_verdicts_total", dimensions: [("outcome", record.verdict.outcome.rawValue)])
                .increment()
            let content = SHA256.hash(data: try JSONFormat.encode(record.timeless)).prefix(6)
            let mark = content.map { String($0, radix: 16) }.joined()
            let context = origin.caused("judged-\(mark)", by: source, at: judge.now)
            let entry = TimelineEntry(
                name: record.name, digest: record.digest, step: .judged, detail: record.verdict.summary, at: judge.now)
            return [
                try RecordDraft(Topics.verdicts, key: inputs.key, record, context),
                try RecordDraft(Topics.verdictHistory, key: inputs.key, record, context),
                try RecordDraft(
                    Topics.timeline, key: record.name.text, entry, context.caused("timeline", by: source, at: judge.now)
                ),
            ]
        }
    }
}

extension Verdict {
    /// One line for the timeline.
    fileprivate var summary: String {
        let failed = controls.first { $0.outcome == .failed }?.reasons.first
        let unknown = undetermined.first.map { "\($0.what): \($0.reason)" }
        let reason = outcome == .nonCompliant ? failed : outcome == .undetermined ? unknown : nil
        return reason.map { "\(outcome.rawValue): \($0)" } ?? outcome.rawValue
    }
}
