public import Foundation
public import Model

extension Judge {
    /// The verdict of one configured platform of an index; nil until it is judged.
    public struct PlatformVerdict: Hashable, Sendable {
        public var platform: Platform
        public var verdict: Verdict?

        public init(platform: Platform, verdict: Verdict?) {
            self.platform = platform
            self.verdict = verdict
        }
    }

    /// The verdict of an index: undetermined until each configured platform is judged, then the worst of them.
    ///
    /// `digest` is the index's. `inputs` holds the union of the platforms' inputs, the lowest of their generations.
    public static func combine(digest: Digest?, platforms: [PlatformVerdict], now: Date) -> Verdict {
        let sorted = platforms.sorted { $0.platform.description < $1.platform.description }
        var undetermined: [Undetermined] = []
        if sorted.isEmpty {
            undetermined.append(
                Undetermined(what: "platforms", reason: "the index holds none of the configured platforms"))
        }
        for entry in sorted {
            guard let verdict = entry.verdict else {
                undetermined.append(Undetermined(what: "platform \(entry.platform)", reason: "not judged yet"))
                continue
            }
            undetermined += verdict.undetermined.map {
                Undetermined(what: "\(entry.platform): \($0.what)", reason: $0.reason)
            }
        }
        let judged = sorted.compactMap(\.verdict)
        let complete = !sorted.isEmpty && judged.count == sorted.count
        let outcome = complete ? Verdict.Outcome.worst(judged.map(\.outcome)) : nil
        return Verdict(
            outcome: outcome ?? .undetermined, controls: controls(of: sorted),
            undetermined: undetermined.sortedAndUnique(),
            inputs: Verdict.Inputs(
                digest: digest, inventories: Set(judged.flatMap(\.inputs.inventories)).sorted(),
                analyserVersion: joined(judged.compactMap(\.inputs.analyserVersion)),
                generation: judged.compactMap(\.inputs.generation).min(),
                policies: Set(judged.flatMap(\.inputs.policies)).sorted(),
                exceptions: Set(judged.flatMap(\.inputs.exceptions)).sorted(), now: now),
            validUntil: judged.compactMap(\.validUntil).min())
    }

    private static func joined(_ texts: [String]) -> String? {
        texts.isEmpty ? nil : Set(texts).sorted().joined(separator: ",")
    }

    /// One result for the same control of the same policy: the worst outcome, the reasons with their platform.
    private static func controls(of platforms: [PlatformVerdict]) -> [Verdict.ControlResult] {
        struct Place: Hashable {
            var policy: PolicyID
            var version: Int
            var control: ControlType
            var occurrence: Int
        }
        var order: [Place] = []
        var merged: [Place: Verdict.ControlResult] = [:]
        for entry in platforms {
            var seen: [Place: Int] = [:]
            for result in entry.verdict?.controls ?? [] {
                var place = Place(
                    policy: result.policy, version: result.policyVersion, control: result.control, occurrence: 0)
                let occurrence = seen[place, default: 0]
                seen[place] = occurrence + 1
                place.occurrence = occurrence
                var one = result
                one.reasons = result.reasons.map { "\(entry.platform): \($0)" }
                if let known = merged[place] {
                    one.outcome = worse(known.outcome, one.outcome)
                    one.reasons = known.reasons + one.reasons
                } else {
                    order.append(place)
                }
                merged[place] = one
            }
        }
        let results = order.compactMap { merged[$0] }.map { result in
            var result = result
            result.reasons = bounded(result.reasons)
            return result
        }
        return results.sorted { ($0.policy, $0.policyVersion) < ($1.policy, $1.policyVersion) }
    }

    private static func worse(
        _ left: Verdict.ControlResult.Outcome, _ right: Verdict.ControlResult.Outcome
    ) -> Verdict.ControlResult.Outcome {
        let rank: [Verdict.ControlResult.Outcome] = [.failed, .undetermined, .passed]
        return rank.first { $0 == left || $0 == right } ?? left
    }
}
