/// Turns what is known of an image and what is demanded of it into a verdict.
///
/// Pure: no clock, no I/O. The same inputs give the same verdict, byte for byte once it is encoded with sorted keys.
/// Promises: *unknown is a result*. What could not be read, matched or scored makes a verdict `undetermined`, never
/// `compliant`; only a control that fails for certain outweighs it. Everything used is named in `Verdict.inputs`.
public import Foundation
public import Model

/// Whose policies count.
public enum PolicySubject: Hashable, Sendable {
    /// An image of a registry: the policies whose scope contains it.
    case image(registry: RegistryName, repository: RepositoryName)
    /// An image without a name in the catalogue, as in an offline scan: every policy given, whatever its scope.
    case unnamed

    public init(_ name: ImageName) { self = .image(registry: name.registry, repository: name.repository) }

    func isInScope(of policy: Policy) -> Bool {
        guard policy.enabled else { return false }
        return switch self {
        case .image(let registry, let repository): policy.scope.contains(registry: registry, repository: repository)
        case .unnamed: true
        }
    }
}

/// Computes verdicts.
public enum Judge {
    /// Judges one platform manifest under one name.
    ///
    /// - Parameters:
    ///   - digest: The manifest that the name points at; the inventory's, when there is one.
    ///   - inventory: Nil when there is none; then `missing` says why.
    ///   - match: The inventory's findings; nil when no generation of advisories is active.
    ///   - policies: All policies; those that are disabled or out of scope are left out.
    ///   - missing: More that is unknown, such as why there is no inventory or which state record cannot be read.
    public static func judge(
        _ subject: PolicySubject, digest: Digest? = nil, inventory: Inventory?, match: MatchResult?, policies: [Policy],
        now: Date, missing: [Undetermined] = []
    ) -> Verdict {
        let inScope = policies.filter { subject.isInScope(of: $0) }.sorted { ($0.id, $0.version) < ($1.id, $1.version) }
        let evidence = Evidence(inventory: inventory, match: match, missing: missing)
        let controls = inScope.flatMap { policy in
            policy.controls.map { control in
                let answer = evidence.answer(control)
                return Verdict.ControlResult(
                    policy: policy.id, policyVersion: policy.version, control: control.type, outcome: answer.outcome,
                    reasons: bounded(answer.reasons))
            }
        }
        var undetermined = evidence.undetermined
        if inScope.isEmpty {
            undetermined.append(Undetermined(what: "policy", reason: "no policy"))
        }
        return Verdict(
            outcome: outcome(controls.map(\.outcome), undetermined: undetermined), controls: controls,
            undetermined: undetermined.sortedAndUnique(),
            inputs: Verdict.Inputs(
                digest: inventory?.digest ?? digest, analyserVersion: inventory?.analyserVersion,
                generation: match?.generation, policies: inScope.map { "\($0.id)@\($0.version)" }.sorted(), now: now))
    }

    /// One certain failure decides; then anything unknown; only then is an image compliant.
    static func outcome(_ controls: [Verdict.ControlResult.Outcome], undetermined: [Undetermined]) -> Verdict.Outcome {
        if controls.contains(.failed) { return .nonCompliant }
        return controls.contains(.undetermined) || !undetermined.isEmpty ? .undetermined : .compliant
    }

    /// At most `reasonsMax` sentences; the last one counts what was left out.
    static func bounded(_ reasons: [String]) -> [String] {
        let most = Verdict.ControlResult.reasonsMax
        guard reasons.count > most else { return reasons }
        return reasons.prefix(most - 1) + ["And \(reasons.count - most + 1) more."]
    }
}

extension [Undetermined] {
    func sortedAndUnique() -> [Undetermined] {
        Array(Set(self)).sorted { ($0.what, $0.reason) < ($1.what, $1.reason) }
    }
}
