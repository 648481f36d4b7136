import Events
import Foundation
import GatewayAPI
import Model

// From what the log holds to what the API answers.

extension TimelineStep {
    init(_ entry: TimelineEntry) {
        self.init(step: entry.step.rawValue, digest: entry.digest, detail: entry.detail, at: entry.at)
    }
}

extension PastVerdict {
    init(_ record: VerdictRecord) {
        self.init(digest: record.digest, verdict: record.verdict, judgedAt: record.judgedAt)
    }
}

extension RegistrySummary.EnumerationSummary {
    init(_ enumeration: RegistryStatusRecord.Enumeration) {
        self.init(
            startedAt: enumeration.startedAt, finishedAt: enumeration.finishedAt,
            repositories: enumeration.repositories,
            images: enumeration.images, problems: enumeration.problems, complete: enumeration.complete)
    }
}

extension CommandAnswer {
    /// - Parameter caller: proposals name only images that the caller may see.
    init(_ reply: Reply, for caller: Principal) {
        let state: State =
            switch reply.state {
            case .running: reply.isAcceptance ? .accepted : .running
            case .done: .done
            case .failed: .failed
            }
        let proposals = reply.cleanup?.filter { caller.sees($0.name) }.map {
            Proposal(name: $0.name, digest: $0.digest, evidence: $0.evidence)
        }
        self.init(
            id: reply.command, state: state, message: reply.message, done: reply.progress?.done,
            total: reply.progress?.total, proposals: proposals, complete: reply.complete)
    }

    var hasEnded: Bool { state == .done || state == .failed }
}

extension AdvisoryStatus.Generation {
    init(_ record: GenerationRecord) {
        self.init(
            number: record.number, importedAt: record.importedAt, origin: record.origin, advisories: record.advisories,
            changed: record.changed, coverage: record.coverage)
    }
}

extension TokenSummary {
    init(_ record: TokenRecord) {
        self.init(
            id: record.id, name: record.name, role: record.role.rawValue, scope: record.scope,
            createdAt: record.createdAt,
            expiresAt: record.expiresAt)
    }
}

extension SettingsBody {
    init(_ record: SettingsRecord) {
        self.init(
            rescan: record.rescan, trashDays: record.trashDays, backgroundRequestsMax: record.backgroundRequestsMax)
    }
}
