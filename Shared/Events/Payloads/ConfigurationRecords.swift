public import Foundation
public import Model

/// The topic `registries`. Key: the registry's name.
public struct RegistryRecord: EventPayload, Hashable {
    public static let eventType = "pratique.registry"
    public var registry: Registry
    public init(_ registry: Registry) { self.registry = registry }
}

/// The topic `policies`. Keys: `id@version` for each version, and `id` for the one in force.
public struct PolicyRecord: EventPayload, Hashable {
    public static let eventType = "pratique.policy"
    public var policy: Policy
    public init(_ policy: Policy) { self.policy = policy }
    public static func versionKey(_ policy: Policy) -> String { "\(policy.id)@\(policy.version)" }
}

/// The topic `settings`. One key, `global`.
public struct SettingsRecord: EventPayload, Hashable {
    public static let eventType = "pratique.settings"
    public static let key = "global"

    /// When the images of all registries are scanned again, beside each registry's own schedule.
    public var rescan: Schedule?
    /// How long a removed image can be restored.
    public var trashDays: Int
    /// How many background scan requests may be open at a time.
    public var backgroundRequestsMax: Int

    public init(rescan: Schedule? = nil, trashDays: Int = 30, backgroundRequestsMax: Int = 64) {
        self.rescan = rescan
        self.trashDays = trashDays
        self.backgroundRequestsMax = backgroundRequestsMax
    }
}

/// The topic `access`. Key: the token's id.
public struct TokenRecord: EventPayload, Hashable {
    public static let eventType = "pratique.token"

    public enum Role: String, Codable, Sendable, CaseIterable {
        /// Everything.
        case admin
        /// Everything but tokens, policies and registries' credentials.
        case `operator`
        /// Uploads inventories, registers images, reads.
        case ci
        case viewer
    }

    public var id: String
    public var name: String
    public var role: Role
    /// Which names it may see and act on.
    public var scope: Policy.Scope
    /// SHA-256 of the secret part, which has 256 random bits.
    public var hash: Digest
    public var createdAt: Date
    public var expiresAt: Date?

    public init(
        id: String, name: String, role: Role, scope: Policy.Scope = .init(), hash: Digest, createdAt: Date,
        expiresAt: Date?
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.scope = scope
        self.hash = hash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
