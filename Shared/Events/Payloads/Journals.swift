public import Foundation
public import Model

/// The topic `registry-status`. Key: `registry/service`, so that an instance that takes over goes on with the same one.
public struct RegistryStatusRecord: EventPayload, Hashable {
    public static let eventType = "pratique.registry-status"

    public struct Enumeration: Codable, Sendable, Hashable {
        public var startedAt: Date
        public var finishedAt: Date?
        public var repositories: Int
        public var images: Int
        /// What was passed over or failed, at most 50 lines.
        public var problems: [String]
        /// Every repository was listed to its end.
        public var complete: Bool

        public init(
            startedAt: Date, finishedAt: Date? = nil, repositories: Int = 0, images: Int = 0, problems: [String] = [],
            complete: Bool = false
        ) {
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.repositories = repositories
            self.images = images
            self.problems = problems
            self.complete = complete
        }
    }

    /// When a schedule fired last, so that a restart does not fire it twice; at first the time at which it was seen.
    public struct Firing: Codable, Sendable, Hashable {
        /// Another one is counted from when it is seen, not from when this one fired.
        public var schedule: Schedule
        public var at: Date
        public init(schedule: Schedule, at: Date) {
            self.schedule = schedule
            self.at = at
        }
    }

    public var registry: RegistryName
    /// Who wrote it last.
    public var instance: String
    public var enumeration: Enumeration?
    public var enumerationFired: Firing?
    /// Of the registry's own rescans, and of those of all registries.
    public var rescanFired: Firing?
    public var globalRescanFired: Firing?
    public var failure: Failure?
    /// The version of the registry's record that the failure was with: another one is tried at once.
    public var failureVersion: Int?

    public init(
        registry: RegistryName, instance: String, enumeration: Enumeration? = nil, enumerationFired: Firing? = nil,
        rescanFired: Firing? = nil, globalRescanFired: Firing? = nil, failure: Failure? = nil,
        failureVersion: Int? = nil
    ) {
        self.registry = registry
        self.instance = instance
        self.enumeration = enumeration
        self.enumerationFired = enumerationFired
        self.rescanFired = rescanFired
        self.globalRescanFired = globalRescanFired
        self.failure = failure
        self.failureVersion = failureVersion
    }

    public static func key(_ registry: RegistryName, _ service: String) -> String { "\(registry)/\(service)" }
}

/// The topic `crawl-marks`. Key: `registry/repository`.
public struct CrawlMarkRecord: EventPayload, Hashable {
    public static let eventType = "pratique.crawl-mark"
    public var registry: RegistryName
    public var repository: RepositoryName
    public var listedAt: Date
    public var tags: Int
    public init(registry: RegistryName, repository: RepositoryName, listedAt: Date, tags: Int) {
        self.registry = registry
        self.repository = repository
        self.listedAt = listedAt
        self.tags = tags
    }
}

/// The topic `timeline`: the steps of an image. Key: its name.
public struct TimelineEntry: EventPayload, Hashable {
    public static let eventType = "pratique.timeline"

    public enum Step: String, Codable, Sendable, CaseIterable {
        case delivered, observed, requested, scanned, failed, judged, removed, restored, gone
    }

    public var name: ImageName
    public var digest: Digest?
    public var step: Step
    public var detail: String
    public var at: Date

    public init(name: ImageName, digest: Digest?, step: Step, detail: String, at: Date) {
        self.name = name
        self.digest = digest
        self.step = step
        self.detail = detail
        self.at = at
    }
}

/// The topic `audit`: who did what. Key: the subject.
public struct AuditEntry: EventPayload, Hashable {
    public static let eventType = "pratique.audit"
    public var actor: String
    /// Such as `registry.update`.
    public var action: String
    public var subject: String
    public var detail: String
    public var at: Date
    public init(actor: String, action: String, subject: String, detail: String, at: Date) {
        self.actor = actor
        self.action = action
        self.subject = subject
        self.detail = detail
        self.at = at
    }
}
