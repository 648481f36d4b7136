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
        case skipTLSVerification, clientCertificateFile, clientKeyFile, webhook, credential
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
        clientCertificateFile = try container.decodeIfPresent(String.self, forKey: .clientCertificateFile)
        clientKeyFile = try container.decodeIfPresent(String.self, forKey: .clientKeyFile)
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
        try container.encodeIfPresent(clientCertificateFile, forKey: .clientCertificateFile)
        try container.encodeIfPresent(clientKeyFile, forKey: .clientKeyFile)
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
