public import Foundation
public import Model

/// `POST /policies`, `PUT /policies/{id}`. `GET` answers `Model.Policy`, which can be sent back as it is.
public struct PolicyRequest: Codable, Sendable, Hashable {
    public var id: PolicyID
    /// As `GET` tells it. It decides nothing: `If-Match` is how to change only what was seen.
    public var version: Int?
    public var name: String
    public var description: String?
    public var scope: Policy.Scope?
    public var controls: [Control]
    public var enabled: Bool?

    public init(
        id: PolicyID, name: String, description: String? = nil, scope: Policy.Scope? = nil, controls: [Control],
        enabled: Bool? = nil
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.scope = scope
        self.controls = controls
        self.enabled = enabled
    }
}

/// `POST /tokens`. Answer 201: `NewToken`, the only time that the text is shown.
public struct TokenRequest: Codable, Sendable, Hashable {
    public var name: String
    /// `admin`, `operator`, `ci`, `viewer`.
    public var role: String
    public var scope: Policy.Scope?
    public var expiresInDays: Int?
    public init(name: String, role: String, scope: Policy.Scope? = nil, expiresInDays: Int? = nil) {
        self.name = name
        self.role = role
        self.scope = scope
        self.expiresInDays = expiresInDays
    }
}

public struct NewToken: Codable, Sendable, Hashable {
    public var id: String
    public var token: String
    public init(id: String, token: String) {
        self.id = id
        self.token = token
    }
}

/// `GET /tokens`.
public struct TokenSummary: Codable, Sendable, Hashable {
    public var id: String
    public var name: String
    public var role: String
    public var scope: Policy.Scope
    public var createdAt: Date
    public var expiresAt: Date?
    public init(id: String, name: String, role: String, scope: Policy.Scope, createdAt: Date, expiresAt: Date?) {
        self.id = id
        self.name = name
        self.role = role
        self.scope = scope
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// `POST /advisories/import`: a folder on the evaluator's machine, or an `https` address of an `all.zip`. Answer:
/// `CommandAnswer`.
public struct ImportRequest: Codable, Sendable, Hashable {
    public var origin: String
    public init(origin: String) { self.origin = origin }
}

/// `POST /advisories/activate`. Answer: `CommandAnswer`.
public struct ActivateRequest: Codable, Sendable, Hashable {
    public var generation: Int
    public init(generation: Int) { self.generation = generation }
}

/// `GET /advisories/status`.
public struct AdvisoryStatus: Codable, Sendable, Hashable {
    public struct Generation: Codable, Sendable, Hashable {
        public var number: Int
        public var importedAt: Date
        public var origin: String
        public var advisories: Int
        public var changed: Int
        public var coverage: [String]
        public init(number: Int, importedAt: Date, origin: String, advisories: Int, changed: Int, coverage: [String]) {
            self.number = number
            self.importedAt = importedAt
            self.origin = origin
            self.advisories = advisories
            self.changed = changed
            self.coverage = coverage
        }
    }

    public var active: Generation?
    /// The last full pass of judging.
    public var judgedAt: Date?
    public init(active: Generation?, judgedAt: Date?) {
        self.active = active
        self.judgedAt = judgedAt
    }
}

/// `POST /cleanup/preview` and `/cleanup/apply`: the rule. Answer: `CommandAnswer`.
public struct CleanupRequest: Codable, Sendable, Hashable {
    public var registry: RegistryName
    public var repositories: [GlobPattern]?
    public var keepNewest: Int
    public init(registry: RegistryName, repositories: [GlobPattern]? = nil, keepNewest: Int) {
        self.registry = registry
        self.repositories = repositories
        self.keepNewest = keepNewest
    }
}

/// `POST /cleanup/restore`. Answer: `CommandAnswer`.
public struct RestoreRequest: Codable, Sendable, Hashable {
    public var images: [ImageName]
    public init(images: [ImageName]) { self.images = images }
}

/// How a command fares: the answer of every `POST` that starts one (also `POST /registries/{name}/enumerate`), which
/// waits up to `?wait=` seconds (0–60, 0 when not given), and of `GET /replies/{id}`. 200 when it has ended, else 202.
public struct CommandAnswer: Codable, Sendable, Hashable {
    public enum State: String, Codable, Sendable { case accepted, running, done, failed }
    public struct Proposal: Codable, Sendable, Hashable {
        public var name: ImageName
        public var digest: Digest?
        public var evidence: String
        public init(name: ImageName, digest: Digest?, evidence: String) {
            self.name = name
            self.digest = digest
            self.evidence = evidence
        }
    }

    public var id: String
    public var state: State
    public var message: String
    public var done: Int?
    public var total: Int?
    public var proposals: [Proposal]?
    /// false: it is done as far as it could be, and something was left out; the message says what.
    public var complete: Bool?

    public init(
        id: String, state: State, message: String, done: Int? = nil, total: Int? = nil, proposals: [Proposal]? = nil,
        complete: Bool? = nil
    ) {
        self.id = id
        self.state = state
        self.message = message
        self.done = done
        self.total = total
        self.proposals = proposals
        self.complete = complete
    }
}

/// `GET`/`PUT /settings`.
public struct SettingsBody: Codable, Sendable, Hashable {
    public var rescan: Schedule?
    public var trashDays: Int
    public var backgroundRequestsMax: Int
    public init(rescan: Schedule?, trashDays: Int, backgroundRequestsMax: Int) {
        self.rescan = rescan
        self.trashDays = trashDays
        self.backgroundRequestsMax = backgroundRequestsMax
    }
}

/// Every error: a problem document, `application/problem+json` (RFC 9457).
public struct Problem: Codable, Sendable, Hashable {
    public var type: String
    public var title: String
    public var status: Int
    public var detail: String?
    /// The field of the request that was wrong, such as `controls[0].severity`.
    public var field: String?
    public init(type: String = "about:blank", title: String, status: Int, detail: String?, field: String? = nil) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.field = field
    }
}
