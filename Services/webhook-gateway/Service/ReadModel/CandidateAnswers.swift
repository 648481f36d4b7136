import Events
import Foundation
import GatewayAPI
import Model

extension ReadModel {
    /// Waits until there is nothing more to wait for: the candidate is judged and, where it is to be registered, bound.
    /// - Parameters:
    ///   - caller: who asks.
    ///   - limit: after it, what is known by then is answered.
    /// - Returns: nil while there is no such candidate.
    func answer(
        to candidate: @escaping @Sendable () async throws -> CandidateRecord?, for caller: Principal,
        within limit: Duration
    ) async throws -> CandidateAnswer? {
        let settled = try await wait(within: limit) { [self] () -> CandidateAnswer? in
            guard let record = try await candidate() else { return nil }
            let answer = try await answer(to: record, for: caller)
            return answer.isSettled(for: record.register) ? answer : nil
        }
        if let settled { return settled }
        guard let record = try await candidate() else { return nil }
        return try await answer(to: record, for: caller)
    }

    /// What is known now. A verdict that was not made from this upload says nothing of it, nor does one on an upload
    /// that a newer one has replaced: the candidate of that is on its way.
    private func answer(to candidate: CandidateRecord, for caller: Principal) async throws -> CandidateAnswer {
        let verdict = try await payload(VerdictRecord.self, Topics.verdicts, candidate.key)
        var answer = CandidateAnswer(
            name: candidate.name, digest: candidate.digest, status: .pending,
            registered: try await isBound(candidate), report: nil)
        guard let verdict, try await isAnswer(verdict, to: candidate) else { return answer }
        answer.status = .init(verdict.verdict.outcome)
        answer.report = try await reports(
            key: candidate.key, image: candidate.name.text, digest: candidate.digest, for: caller)
        return answer
    }

    private func isBound(_ candidate: CandidateRecord) async throws -> Bool {
        let image = try await image(candidate.name)
        return image?.digest == candidate.digest && image?.restorableUntil == nil
    }

    private func isAnswer(_ verdict: VerdictRecord, to candidate: CandidateRecord) async throws -> Bool {
        if candidate.isAnswered(by: verdict.digest, verdict.verdict.inputs), try await isCurrent(candidate) {
            return true
        }
        // What cannot be read has no version that a verdict could name.
        guard verdict.verdict.outcome == .undetermined, verdict.digest == candidate.digest,
            verdict.judgedAt >= candidate.createdAt
        else { return false }
        return try await isAnyUnreadable(Topics.inventories, candidate.inventories.map(\.key))
    }

    private func isCurrent(_ candidate: CandidateRecord) async throws -> Bool {
        let key = candidate.inventoryKey
        guard let stored = try await document(Topics.inventories, key) else { return false }
        return candidate.inventories.contains(.init(key: key, sha256: try stored.contentHash()))
    }
}

extension CandidateAnswer {
    /// Whether the catalogue, too, has done what comes with the verdict.
    fileprivate func isSettled(for register: CandidateRecord.Register) -> Bool {
        switch register {
        case _ where status == .pending: false
        case .always: registered
        case .compliant: registered || status != .compliant
        case .never: true
        }
    }
}
