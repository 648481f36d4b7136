public import Foundation
public import Model

/// The topics `verdicts` and `verdict-history`. Key: the image name, or a candidate's key.
///
/// It carries the findings that it was computed from, so what a person sees is what was judged.
public struct VerdictRecord: EventPayload, Hashable {
    public static let eventType = "pratique.verdict"

    public struct PlatformResult: Codable, Sendable, Hashable {
        public var platform: Platform?
        public var digest: Digest
        public var findings: [Finding]
        public var verdict: Verdict

        public init(platform: Platform?, digest: Digest, findings: [Finding], verdict: Verdict) {
            self.platform = platform
            self.digest = digest
            self.findings = findings
            self.verdict = verdict
        }
    }

    public var name: ImageName
    /// The digest that it speaks for.
    public var digest: Digest
    /// Over all platforms: the worst.
    public var verdict: Verdict
    public var platforms: [PlatformResult]
    public var judgedAt: Date

    public init(name: ImageName, digest: Digest, verdict: Verdict, platforms: [PlatformResult], judgedAt: Date) {
        self.name = name
        self.digest = digest
        self.verdict = verdict
        self.platforms = platforms
        self.judgedAt = judgedAt
    }
}

/// The key `_judged` of the topic `verdicts`: written after the last difference of a full pass was acknowledged.
public struct JudgedRecord: EventPayload, Hashable {
    public static let eventType = "pratique.judged"
    public static let key = "_judged"

    public var generation: Int?
    public var images: Int
    public var judgedAt: Date

    public init(generation: Int?, images: Int, judgedAt: Date) {
        self.generation = generation
        self.images = images
        self.judgedAt = judgedAt
    }
}

/// The topic `generations`. Keys: the number, and `active` for the one in force.
public struct GenerationRecord: EventPayload, Hashable {
    public static let eventType = "pratique.generation"
    public static let activeKey = "active"

    public var number: Int
    public var importedAt: Date
    /// Where it came from, without credentials.
    public var origin: String
    public var advisories: Int
    /// Added, changed and removed against the one before.
    public var changed: Int
    /// What the generation speaks of, such as `Debian:12`, `PyPI`. Sorted.
    public var coverage: [String]
    /// Sources of which records are missing, since an interrupted import had replaced them. Sorted; nil for none.
    public var incomplete: [String]?

    public init(
        number: Int, importedAt: Date, origin: String, advisories: Int, changed: Int, coverage: [String],
        incomplete: [String]? = nil
    ) {
        self.number = number
        self.importedAt = importedAt
        self.origin = origin
        self.advisories = advisories
        self.changed = changed
        self.coverage = coverage
        self.incomplete = incomplete
    }
}
