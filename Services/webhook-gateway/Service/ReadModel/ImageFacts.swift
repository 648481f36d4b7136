import Events
import Foundation
import GatewayAPI
import Model

/// What the list of images needs of a verdict.
struct VerdictFacts: Codable, Sendable, Hashable {
    static let reasonsMax = 20

    var digest: Digest
    var outcome: Verdict.Outcome
    var reasons: [String]
    var counts: ImageSummary.Counts
    var judgedAt: Date

    init(_ record: VerdictRecord) {
        digest = record.digest
        outcome = record.verdict.outcome
        judgedAt = record.judgedAt
        reasons = Self.reasons(of: record.verdict)
        counts = Self.counts(record.platforms)
    }

    /// The failed controls first, then what could not be decided.
    static func reasons(of verdict: Verdict) -> [String] {
        let failed = verdict.controls.filter { $0.outcome == .failed }.flatMap(\.reasons)
        let open = verdict.controls.filter { $0.outcome == .undetermined }.flatMap(\.reasons)
        let unknown = verdict.undetermined.map { "\($0.what): \($0.reason)" }
        var seen: Set<String> = []
        let all = (failed + open + (verdict.outcome == .compliant ? [] : unknown)).filter { seen.insert($0).inserted }
        return Array(all.prefix(reasonsMax))
    }

    /// Of all platforms; a finding that several have counts once.
    private static func counts(_ platforms: [VerdictRecord.PlatformResult]) -> ImageSummary.Counts {
        struct Flaw: Hashable {
            let advisory: String
            let package: Finding.PackageKey
        }
        var counts = ImageSummary.Counts()
        var seen: Set<Flaw> = []
        for finding in platforms.flatMap(\.findings)
        where seen.insert(Flaw(advisory: finding.advisory, package: finding.package)).inserted {
            switch finding.severity {
            case .critical: counts.critical += 1
            case .high: counts.high += 1
            case .medium: counts.medium += 1
            case .low: counts.low += 1
            case .negligible: counts.negligible += 1
            case .unknown: counts.unknown += 1
            }
        }
        return counts
    }
}

/// What the list of images needs of a scan's state.
struct ScanFacts: Codable, Sendable, Hashable {
    var failure: Failure?
    /// The type of content that is no image.
    var notAnImage: String?

    init(_ record: ScanStatusRecord) {
        switch record.state {
        case .done: break
        case .failed(let failure): self.failure = failure
        case .notAnImage(let type): notAnImage = type
        }
    }
}

extension ImageSummary {
    /// What a person is told about an image, from what is known of its name and its digest.
    /// - Parameter unreadable: which of its records cannot be read and why, in a sentence; nil where all can.
    init(
        _ record: ImageRecord, verdict: VerdictFacts?, scan: ScanFacts?, packages: Int, unreadable: String? = nil
    ) {
        let current = verdict.flatMap { $0.digest == record.digest ? $0 : nil }
        let (known, why, failure) = Self.standing(record, current, scan)
        // Nobody writes an unreadable record again by himself: pending would be for ever.
        let isLost = unreadable != nil && known == .pending
        let (status, reasons): (Status, [String]) = isLost ? (.undetermined, [unreadable ?? ""]) : (known, why)
        self.init(
            name: record.name, digest: record.digest, revision: record.revision, status: status, reasons: reasons,
            counts: current?.counts ?? Counts(), packages: packages,
            previous: current == nil ? verdict?.outcome : nil, failure: failure.map(FailureSummary.init),
            sources: record.sources.map(\.rawValue), firstSeenAt: record.firstSeenAt, judgedAt: current?.judgedAt,
            restorableUntil: record.trash?.restorableUntil)
    }

    private static func standing(
        _ record: ImageRecord, _ current: VerdictFacts?, _ scan: ScanFacts?
    ) -> (Status, [String], Failure?) {
        if case .notFound = record.resolution {
            return (.notFound, ["the registry says that there is no such image"], nil)
        }
        var failure = scan?.failure
        if case .waiting(let waiting?) = record.resolution { failure = waiting }
        if let current {
            return (Status(current.outcome), current.reasons, failure)
        }
        if let type = scan?.notAnImage {
            return (.undetermined, ["this is no container image but \(type)"], nil)
        }
        if let failure { return (.pending, [failure.message], failure) }
        switch record.resolution {
        case .notPushed: return (.notPushed, ["no registry has shown it yet"], nil)
        case .waiting: return (.pending, ["the registry has not been asked yet"], nil)
        case .resolved, .notFound: return (.pending, ["it waits to be scanned and judged"], nil)
        }
    }
}

extension ImageSummary.Status {
    init(_ outcome: Verdict.Outcome) {
        switch outcome {
        case .compliant: self = .compliant
        case .nonCompliant: self = .nonCompliant
        case .undetermined: self = .undetermined
        }
    }
}

extension ImageSummary.FailureSummary {
    init(_ failure: Failure) {
        self.init(
            kind: failure.kind.rawValue, message: failure.message, attempt: failure.attempt,
            nextAttemptAt: failure.nextAttemptAt)
    }
}
