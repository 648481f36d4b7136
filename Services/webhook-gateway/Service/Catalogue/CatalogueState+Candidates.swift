import Events
import Foundation
import Model

/// Names and digests that CI wants judged, and the names that they bind.
extension CatalogueState {
    mutating func propose(_ candidate: CandidateRecord, isNew: Bool, _ outbox: inout CatalogueOutbox) {
        // Its inventory may be in the log already: without a holder it goes as any other.
        touched.insert(candidate.digest)
        guard registries[candidate.name.registry] != nil, candidate.expiresAt > outbox.now else { return }
        if candidates[candidate.key] != candidate {
            if candidates.count >= Self.candidatesMax, candidates[candidate.key] == nil { dropEarliest(&outbox) }
            set(candidate)
            outbox.add(.candidate(candidate))
        }
        if candidate.register == .always, isNew { bind(candidate, &outbox) }
    }

    mutating func set(_ candidate: CandidateRecord) {
        if candidates.updateValue(candidate, forKey: candidate.key) == nil { hold(candidate.digest) }
        timers.add(.candidate(candidate.key), at: candidate.expiresAt)
    }

    mutating func dropCandidate(_ key: String) {
        if let candidate = candidates.removeValue(forKey: key) { release(candidate.digest) }
    }

    /// A verdict on a candidate. It speaks for one digest; only the one that asked for `compliant` is bound by it.
    /// One from before the candidate, or of another upload, is not the answer to it: that comes.
    mutating func judged(
        _ key: String, _ verdict: CandidateVerdict, context: EventContext, now: Date
    ) -> [CatalogueOutput] {
        guard let candidate = candidates[key], candidate.register == .compliant, verdict.outcome == .compliant,
            verdict.judgedAt >= candidate.createdAt, candidate.isAnswered(by: verdict.digest, verdict.inputs),
            candidate.expiresAt > now, registries[candidate.name.registry] != nil
        else { return [] }
        // Bound since, by this candidate, by a registry or by a later one: the verdict comes late.
        if let image = images[candidate.name], image.trash == nil, let bound = image.boundAt,
            bound >= candidate.createdAt
        {
            return []
        }
        var outbox = CatalogueOutbox(cause: context, now: now)
        bind(candidate, &outbox)
        return finish(&outbox)
    }

    mutating func expire(_ key: String, _ outbox: inout CatalogueOutbox) {
        guard let candidate = candidates[key], candidate.expiresAt <= outbox.now else { return }
        dropCandidate(key)
        outbox.add(.dropCandidate(key: key))
    }

    private mutating func bind(_ candidate: CandidateRecord, _ outbox: inout CatalogueOutbox) {
        let old = images[candidate.name]
        var record =
            old
            ?? ImageRecord(
                name: candidate.name, sources: [.ci], firstSeenAt: outbox.now, resolution: .notPushed)
        record.sources = Self.sorted(record.sources, .ci)
        let isShown = record.digest == candidate.digest && record.resolution == .resolved && record.trash == nil
        if !isShown {
            if record.digest != candidate.digest {
                record.boundAt = outbox.now
                record.mediaType = nil
            }
            record.digest = candidate.digest
            record.resolution = .notPushed
            record.isAwaited = false
            record.trash = nil
        }
        record.upload = candidate.inventoryKey
        guard record != old else { return }
        endRemoval(of: candidate.name, &outbox)
        write(record, &outbox)
        outbox.note(.observed, record, "registered by \(candidate.uploader)")
        // A registry that shows another digest under this name has the last word, as with every change.
        if !isShown { outbox.ask(record) }
    }

    private mutating func dropEarliest(_ outbox: inout CatalogueOutbox) {
        guard let first = candidates.values.min(by: { $0.expiresAt < $1.expiresAt }) else { return }
        dropCandidate(first.key)
        outbox.add(.dropCandidate(key: first.key))
    }
}

/// What the catalogue reads of a verdict on a candidate.
struct CandidateVerdict: Sendable {
    let digest: Digest
    let outcome: Verdict.Outcome
    let inputs: Verdict.Inputs
    let judgedAt: Date

    init(_ record: VerdictRecord) {
        digest = record.digest
        outcome = record.verdict.outcome
        inputs = record.verdict.inputs
        judgedAt = record.judgedAt
    }
}
