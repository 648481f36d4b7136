public import Foundation
public import Model

/// `POST /registries`, `PUT /registries/{name}`. Secrets go in and never come out.
public struct RegistryRequest: Codable, Sendable, Hashable {
    public struct Webhook: Codable, Sendable, Hashable {
        /// Such as `Authorization`.
        public var header: String
        /// The whole value of that header; nil keeps the one before.
        public var value: String?
        public init(header: String, value: String?) {
            self.header = header
            self.value = value
        }
    }

    public struct Credential: Codable, Sendable, Hashable {
        public var username: String
        /// One of `password` and `reference` (`file:/run/secrets/x`, `env:NAME`).
        public var password: String?
        public var reference: String?
        public init(username: String, password: String?, reference: String? = nil) {
            self.username = username
            self.password = password
            self.reference = reference
        }
    }

    public var name: RegistryName
    public var kind: Registry.Kind?
    public var url: String
    public var aliases: [String]?
    public var description: String?
    public var filter: ImageFilter?
    public var enumeration: Schedule?
    public var rescan: Schedule?
    public var platforms: [String]?
    public var pool: String?
    public var caFile: String?
    public var skipTLSVerification: Bool?
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// nil keeps the one before.
    public var webhook: Webhook?
    /// nil keeps the one before, unless the URL changes: then it is dropped.
    public var credential: Credential?
    /// No webhooks are taken any more: `"webhook": null`.
    public var removesWebhook = false
    /// `"credential": null`.
    public var removesCredential = false

    public init(name: RegistryName, url: String) {
        self.name = name
        self.url = url
    }
}

extension RegistryRequest {
    private enum CodingKeys: String, CodingKey {
        case name, kind, url, aliases, description, filter, enumeration, rescan, platforms, pool, caFile
        case skipTLSVerification, webhook, credential
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(RegistryName.self, forKey: .name)
        kind = try container.decodeIfPresent(Registry.Kind.self, forKey: .kind)
        url = try container.decode(String.self, forKey: .url)
        aliases = try container.decodeIfPresent([String].self, forKey: .aliases)
        description = try container.decodeIfPresent(String.self, forKey: .description)
        filter = try container.decodeIfPresent(ImageFilter.self, forKey: .filter)
        enumeration = try container.decodeIfPresent(Schedule.self, forKey: .enumeration)
        rescan = try container.decodeIfPresent(Schedule.self, forKey: .rescan)
        platforms = try container.decodeIfPresent([String].self, forKey: .platforms)
        pool = try container.decodeIfPresent(String.self, forKey: .pool)
        caFile = try container.decodeIfPresent(String.self, forKey: .caFile)
        skipTLSVerification = try container.decodeIfPresent(Bool.self, forKey: .skipTLSVerification)
        webhook = try container.decodeIfPresent(Webhook.self, forKey: .webhook)
        credential = try container.decodeIfPresent(Credential.self, forKey: .credential)
        removesWebhook = container.contains(.webhook) && webhook == nil
        removesCredential = container.contains(.credential) && credential == nil
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(kind, forKey: .kind)
        try container.encode(url, forKey: .url)
        try container.encodeIfPresent(aliases, forKey: .aliases)
        try container.encodeIfPresent(description, forKey: .description)
        try container.encodeIfPresent(filter, forKey: .filter)
        try container.encodeIfPresent(enumeration, forKey: .enumeration)
        try container.encodeIfPresent(rescan, forKey: .rescan)
        try container.encodeIfPresent(platforms, forKey: .platforms)
        try container.encodeIfPresent(pool, forKey: .pool)
        try container.encodeIfPresent(caFile, forKey: .caFile)
        try container.encodeIfPresent(skipTLSVerification, forKey: .skipTLSVerification)
        try container.encodeIfPresent(webhook, forKey: .webhook)
        try container.encodeIfPresent(credential, forKey: .credential)
        if removesWebhook { try container.encodeNil(forKey: .webhook) }
        if removesCredential { try container.encodeNil(forKey: .credential) }
    }
}

/// `GET /registries`, `GET /registries/{name}`.
public struct RegistrySummary: Codable, Sendable, Hashable {
    public struct EnumerationSummary: Codable, Sendable, Hashable {
        public var startedAt: Date
        public var finishedAt: Date?
        public var repositories: Int
        public var images: Int
        public var problems: [String]
        public var complete: Bool
        public init(
            startedAt: Date, finishedAt: Date?, repositories: Int, images: Int, problems: [String], complete: Bool
        ) {
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.repositories = repositories
            self.images = images
            self.problems = problems
            self.complete = complete
        }
    }

    public var name: RegistryName
    public var kind: Registry.Kind
    public var url: String
    public var aliases: [String]
    public var description: String?
    public var filter: ImageFilter
    public var enumeration: Schedule?
    public var rescan: Schedule?
    public var platforms: [String]
    public var pool: String
    public var caFile: String?
    public var skipTLSVerification: Bool
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    public var webhookHeader: String?
    public var credentialSet: Bool
    public var version: Int
    public var images: Int
    public var lastEnumeration: EnumerationSummary?

    public init(
        registry: Registry, images: Int, lastEnumeration: EnumerationSummary?
    ) {
        name = registry.name
        kind = registry.kind
        url = registry.url
        aliases = registry.aliases
        description = registry.description
        filter = registry.filter
        enumeration = registry.enumeration
        rescan = registry.rescan
        platforms = registry.platforms.map(\.description)
        pool = registry.pool
        caFile = registry.caFile
        skipTLSVerification = registry.skipTLSVerification
        clientCertificateFile = registry.clientCertificateFile
        clientKeyFile = registry.clientKeyFile
        webhookHeader = registry.webhook?.header
        credentialSet = registry.credential != nil
        version = registry.version
        self.images = images
        self.lastEnumeration = lastEnumeration
    }
}

/// `POST /registries/{name}/test`.
public struct ConnectionTestAnswer: Codable, Sendable, Hashable {
    public var reachable: Bool
    public var authenticated: Bool
    /// For people.
    public var message: String
    public init(reachable: Bool, authenticated: Bool, message: String) {
        self.reachable = reachable
        self.authenticated = authenticated
        self.message = message
    }
}

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

/// An item of `GET /dead-letters`, the newest first: a record that could not be handled. Its bytes stay in the log.
public struct DeadLetterSummary: Codable, Sendable, Hashable {
    public var position: Int64
    public var key: String
    public var reason: String
    /// `topic/partition@position`.
    public var origin: String
    /// The group that could not handle it.
    public var group: String
    public var bytes: Int
    public var at: Date

    public init(position: Int64, key: String, reason: String, origin: String, group: String, bytes: Int, at: Date) {
        self.position = position
        self.key = key
        self.reason = reason
        self.origin = origin
        self.group = group
        self.bytes = bytes
        self.at = at
    }
}
