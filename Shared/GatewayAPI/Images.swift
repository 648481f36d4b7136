public import Foundation
public import Model

/// The bodies of the REST API, shared by the gateway and the command line (`docs/reference/api.md`).
///
/// All paths are below `/api/v1`. Lists come in pages: `?limit=` (1–1,000, 100 when not given) and `?after=` with the
/// `next` of the page before.
public struct Page<Item: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
    public var items: [Item]
    /// Give it as `after` for the next page; nil on the last.
    public var next: String?

    public init(items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }
}

/// An image with its verdict: an item of `GET /images`, and `GET /images/{registry}/{repository…}:{tag}`.
public struct ImageSummary: Codable, Sendable, Hashable {
    /// What a person is told about the image: a verdict's outcome, or why there is none yet.
    public enum Status: String, Codable, Sendable, CaseIterable {
        case compliant
        case nonCompliant = "non-compliant"
        case undetermined
        /// Known; the verdict for its digest is being made.
        case pending
        /// Registered by CI; no registry has shown it.
        case notPushed = "not-pushed"
        /// The registry says that there is no such image.
        case notFound = "not-found"
    }

    public struct Counts: Codable, Sendable, Hashable {
        public var critical: Int
        public var high: Int
        public var medium: Int
        public var low: Int
        public var negligible: Int
        public var unknown: Int
        public init(
            critical: Int = 0, high: Int = 0, medium: Int = 0, low: Int = 0, negligible: Int = 0, unknown: Int = 0
        ) {
            self.critical = critical
            self.high = high
            self.medium = medium
            self.low = low
            self.negligible = negligible
            self.unknown = unknown
        }
    }

    public struct FailureSummary: Codable, Sendable, Hashable {
        public var kind: String
        public var message: String
        public var attempt: Int
        public var nextAttemptAt: Date?
        public init(kind: String, message: String, attempt: Int, nextAttemptAt: Date?) {
            self.kind = kind
            self.message = message
            self.attempt = attempt
            self.nextAttemptAt = nextAttemptAt
        }
    }

    public var name: ImageName
    public var digest: Digest?
    public var revision: Int64
    public var status: Status
    /// One sentence a reason, the most important first; empty for a compliant image.
    public var reasons: [String]
    public var counts: Counts
    public var packages: Int
    /// The outcome for the digest before, while this one is pending.
    public var previous: Verdict.Outcome?
    /// Why the image could not be read, when that is so.
    public var failure: FailureSummary?
    public var sources: [String]
    public var firstSeenAt: Date
    public var judgedAt: Date?
    /// In the trash; it can be restored until then.
    public var restorableUntil: Date?

    public init(
        name: ImageName, digest: Digest?, revision: Int64, status: Status, reasons: [String], counts: Counts,
        packages: Int,
        previous: Verdict.Outcome?, failure: FailureSummary?, sources: [String], firstSeenAt: Date, judgedAt: Date?,
        restorableUntil: Date? = nil
    ) {
        self.name = name
        self.digest = digest
        self.revision = revision
        self.status = status
        self.reasons = reasons
        self.counts = counts
        self.packages = packages
        self.previous = previous
        self.failure = failure
        self.sources = sources
        self.firstSeenAt = firstSeenAt
        self.judgedAt = judgedAt
        self.restorableUntil = restorableUntil
    }
}

/// `POST /images`: register one or many. Answer 202: `RegistrationAnswer`.
public struct RegistrationRequest: Codable, Sendable, Hashable {
    /// Image references (`registry.example.com/team/app:1`) or image names (`example/team/app:1`); at most 1,000.
    public var images: [String]
    public init(images: [String]) { self.images = images }
}

public struct RegistrationAnswer: Codable, Sendable, Hashable {
    public var images: [ImageName]
    public init(images: [ImageName]) { self.images = images }
}

/// `POST /inventories`: what CI scanned. Answer 200 `CandidateAnswer` with a verdict, or 202 when it takes longer than
/// `?wait=` seconds.
public struct InventoryUpload: Codable, Sendable, Hashable {
    public enum Register: String, Codable, Sendable, CaseIterable { case always, compliant, never }

    /// The reference or name under which the image is, or will be, pushed.
    public var image: String
    public var register: Register
    /// The manifest's or the index's digest, or the configuration's where the image has no manifest yet.
    public var digest: Digest
    /// One a platform: for an index those of its platforms, each with its own digest.
    public var inventories: [Inventory]

    public init(image: String, register: Register, digest: Digest, inventories: [Inventory]) {
        self.image = image
        self.register = register
        self.digest = digest
        self.inventories = inventories
    }
}

/// Also `GET /candidates/{registry}/{repository…}:{tag}@{digest}`.
public struct CandidateAnswer: Codable, Sendable, Hashable {
    public var name: ImageName
    public var digest: Digest
    public var status: ImageSummary.Status
    /// Whether the name is bound to this digest in the catalogue.
    public var registered: Bool
    /// In the form of `docs/reference/report.md`; nil while pending.
    public var report: ScanReports?

    public init(name: ImageName, digest: Digest, status: ImageSummary.Status, registered: Bool, report: ScanReports?) {
        self.name = name
        self.digest = digest
        self.status = status
        self.registered = registered
        self.report = report
    }
}

/// An item of `GET /images/{name}/timeline`, the newest first.
public struct TimelineStep: Codable, Sendable, Hashable {
    /// `delivered`, `observed`, `requested`, `scanned`, `failed`, `judged`, `removed`, `restored` or `gone`.
    public var step: String
    public var digest: Digest?
    public var detail: String
    public var at: Date

    public init(step: String, digest: Digest?, detail: String, at: Date) {
        self.step = step
        self.digest = digest
        self.detail = detail
        self.at = at
    }
}

/// An item of `GET /images/{name}/history`, the newest first: an earlier verdict and what it was computed from.
public struct PastVerdict: Codable, Sendable, Hashable {
    public var digest: Digest
    public var verdict: Verdict
    public var judgedAt: Date

    public init(digest: Digest, verdict: Verdict, judgedAt: Date) {
        self.digest = digest
        self.verdict = verdict
        self.judgedAt = judgedAt
    }
}
