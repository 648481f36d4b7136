public import Foundation

/// The judgement of one name *and digest*, with the inputs that produced it.
public struct Verdict: Hashable, Sendable, Codable {
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        case compliant
        case nonCompliant = "non-compliant"
        case undetermined

        /// The worst of several: non-compliant, then undetermined, then compliant.
        public static func worst(_ outcomes: some Sequence<Outcome>) -> Outcome? {
            let all = Set(outcomes)
            return [.nonCompliant, .undetermined, .compliant].first { all.contains($0) }
        }
    }

    /// What one control of one policy said.
    public struct ControlResult: Hashable, Sendable, Codable {
        public enum Outcome: String, Sendable, Codable { case passed, failed, undetermined }

        public static let reasonsMax = 20

        public var policy: PolicyID
        public var policyVersion: Int
        public var control: ControlType
        public var outcome: Outcome
        /// For people, one sentence a reason; at most `reasonsMax`, the last one counting the rest.
        public var reasons: [String]

        public init(policy: PolicyID, policyVersion: Int, control: ControlType, outcome: Outcome, reasons: [String]) {
            self.policy = policy
            self.policyVersion = policyVersion
            self.control = control
            self.outcome = outcome
            self.reasons = reasons
        }
    }

    /// An inventory as it was when it was judged.
    public struct InventoryVersion: Hashable, Sendable, Codable, Comparable {
        /// Its key in the topic `inventories`: our own scan's, or that of an upload.
        public var key: String
        /// Of its content.
        public var sha256: Digest

        public init(key: String, sha256: Digest) {
            self.key = key
            self.sha256 = sha256
        }

        public static func < (left: Self, right: Self) -> Bool {
            (left.key, left.sha256.text) < (right.key, right.sha256.text)
        }
    }

    /// Everything that the verdict was computed from: the same inputs give the same bytes.
    public struct Inputs: Hashable, Sendable, Codable {
        public var digest: Digest?
        /// Sorted: one of a platform; of an index its own and its platforms'.
        public var inventories: [InventoryVersion]
        public var analyserVersion: String?
        public var generation: Int?
        /// `id@version`, sorted.
        public var policies: [String]
        /// `id@version`, sorted.
        public var exceptions: [String]
        public var now: Date

        public init(
            digest: Digest?, inventories: [InventoryVersion] = [], analyserVersion: String?, generation: Int?,
            policies: [String], exceptions: [String] = [], now: Date
        ) {
            self.digest = digest
            self.inventories = inventories
            self.analyserVersion = analyserVersion
            self.generation = generation
            self.policies = policies
            self.exceptions = exceptions
            self.now = now
        }
    }

    public var outcome: Outcome
    public var controls: [ControlResult]
    public var undetermined: [Undetermined]
    public var inputs: Inputs
    /// When it must be computed again though nothing changed, such as the end of an exception.
    public var validUntil: Date?

    public init(
        outcome: Outcome, controls: [ControlResult], undetermined: [Undetermined], inputs: Inputs,
        validUntil: Date? = nil
    ) {
        self.outcome = outcome
        self.controls = controls
        self.undetermined = undetermined
        self.inputs = inputs
        self.validUntil = validUntil
    }
}
