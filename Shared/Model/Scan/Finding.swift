/// How bad a flaw is. `unknown` is not "none": no source has scored it.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    case unknown, negligible, low, medium, high, critical

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// An advisory that applies to a package of an inventory.
public struct Finding: Hashable, Sendable, Codable {
    public enum State: String, Sendable, Codable {
        /// A fixed version exists.
        case fixed
        /// Affected; no fix is known.
        case affected
    }

    public struct PackageKey: Hashable, Sendable, Codable {
        public var name: String
        public var version: String
        public var purl: String

        public init(name: String, version: String, purl: String) {
            self.name = name
            self.version = version
            self.purl = purl
        }
    }

    /// The advisory's id, such as `DSA-5532-1`.
    public var advisory: String
    /// Other ids of the same flaw, sorted: `aliases`, `upstream`, and CVE numbers in `related`.
    public var aliases: [String]
    public var package: PackageKey
    public var state: State
    public var fixedVersion: String?
    public var severity: Severity
    /// Where the severity comes from, such as `CVSS:3.1/AV:N/…` or `ecosystem`.
    public var severitySource: String?
    public var summary: String?

    public init(
        advisory: String, aliases: [String], package: PackageKey, state: State, fixedVersion: String?,
        severity: Severity,
        severitySource: String? = nil, summary: String? = nil
    ) {
        self.advisory = advisory
        self.aliases = aliases
        self.package = package
        self.state = state
        self.fixedVersion = fixedVersion
        self.severity = severity
        self.severitySource = severitySource
        self.summary = summary
    }
}

/// What matching an inventory against a generation gave: findings, and what could not be decided.
public struct MatchResult: Hashable, Sendable, Codable {
    public var generation: Int
    /// Sorted by package, then advisory.
    public var findings: [Finding]
    public var undetermined: [Undetermined]

    public init(generation: Int, findings: [Finding], undetermined: [Undetermined]) {
        self.generation = generation
        self.findings = findings
        self.undetermined = undetermined
    }
}
