public import Model

/// The topic `changes`: wishes and observations, applied by the catalogue in the log's order. Key: the thing changed.
public enum Change: EventPayload, Hashable {
    public static let eventType = "pratique.change"

    /// A registry showed this digest under the name.
    case observed(Observation)
    /// A registry answered that there is no such image.
    case gone(Absence)
    /// The registry could not be asked.
    case unresolved(Unresolved)
    /// Somebody wants the image in the catalogue.
    case register(Registration)
    /// Ask the registry again for these images, in the background.
    case rescan(Rescan)
    /// Into the trash, if the revision is still current.
    case remove(Removal)
    case restore(Restoration)
    case candidate(CandidateRecord)
    case putRegistry(Registry, under: Condition? = nil)
    case deleteRegistry(RegistryName, under: Condition? = nil)
    case putPolicy(Policy, under: Condition? = nil)
    case deletePolicy(PolicyID, under: Condition? = nil)
    case putSettings(SettingsRecord)
    case putToken(TokenRecord)
    case revokeToken(id: String)

    public struct Observation: Codable, Sendable, Hashable {
        public var name: ImageName
        public var digest: Digest
        public var mediaType: MediaType
        public var source: ImageRecord.Source
        /// Scanned before background work.
        public var urgent: Bool

        public init(name: ImageName, digest: Digest, mediaType: MediaType, source: ImageRecord.Source, urgent: Bool) {
            self.name = name
            self.digest = digest
            self.mediaType = mediaType
            self.source = source
            self.urgent = urgent
        }
    }

    public struct Absence: Codable, Sendable, Hashable {
        public var name: ImageName
        public var source: ImageRecord.Source
        public init(name: ImageName, source: ImageRecord.Source) {
            self.name = name
            self.source = source
        }
    }

    public struct Unresolved: Codable, Sendable, Hashable {
        public var name: ImageName
        public var source: ImageRecord.Source
        public var failure: Failure
        /// The version of the registry's record that it was asked with; nil where that is not known.
        public var registryVersion: Int?
        public init(name: ImageName, source: ImageRecord.Source, failure: Failure, registryVersion: Int? = nil) {
            self.name = name
            self.source = source
            self.failure = failure
            self.registryVersion = registryVersion
        }
    }

    public struct Registration: Codable, Sendable, Hashable {
        public var name: ImageName
        public var actor: String
        public init(name: ImageName, actor: String) {
            self.name = name
            self.actor = actor
        }
    }

    public struct Rescan: Codable, Sendable, Hashable {
        /// nil: images of all registries.
        public var registry: RegistryName?
        /// nil: all images in scope.
        public var image: ImageName?
        /// Such as `schedule default`, `actor alice`. Rescans of one image that are due together become one.
        public var reason: String
        /// By a schedule, not by a person.
        public var isScheduled: Bool { reason.hasPrefix("schedule") }
        public init(registry: RegistryName?, image: ImageName? = nil, reason: String) {
            self.registry = registry
            self.image = image
            self.reason = reason
        }
    }

    public struct Removal: Codable, Sendable, Hashable {
        public var name: ImageName
        /// The revision that was judged; the removal is refused when it is no longer current.
        public var revision: Int64
        public var actor: String
        /// Why it may go, for people and the audit.
        public var evidence: String
        public init(name: ImageName, revision: Int64, actor: String, evidence: String) {
            self.name = name
            self.revision = revision
            self.actor = actor
            self.evidence = evidence
        }
    }

    public struct Restoration: Codable, Sendable, Hashable {
        public var name: ImageName
        public var actor: String
        public init(name: ImageName, actor: String) {
            self.name = name
            self.actor = actor
        }
    }

    /// What must be in force for a wish to be taken, and what of it stays. Only the catalogue can tell: between the
    /// look of whoever wishes and the wish's turn others may have been there. Who gives one gets a reply under the id
    /// of the wish.
    public struct Condition: Codable, Sendable, Hashable {
        public enum Version: Codable, Sendable, Hashable {
            case any
            /// There is none of this name yet.
            case absent
            case present
            case exactly(Int)
        }

        public enum KeptCredential: String, Codable, Sendable, CaseIterable {
            /// Unless the registry's certificate is checked less strictly than before.
            case whileTrusted = "while-trusted"
            case always
        }

        public enum KeptWebhook: String, Codable, Sendable, CaseIterable {
            case whole
            /// Under the header of the wish.
            case secret
        }

        public var version: Version
        /// The wish's own credential says nothing; the one in force stays.
        public var keepsCredential: KeptCredential?
        public var keepsWebhook: KeptWebhook?

        public init(
            _ version: Version, keepsCredential: KeptCredential? = nil, keepsWebhook: KeptWebhook? = nil
        ) {
            self.version = version
            self.keepsCredential = keepsCredential
            self.keepsWebhook = keepsWebhook
        }
    }

    /// The key under which the record is ordered.
    public var key: String {
        switch self {
        case .observed(let change): change.name.text
        case .gone(let change): change.name.text
        case .unresolved(let change): change.name.text
        case .register(let change): change.name.text
        case .rescan(let change): change.image?.text ?? change.registry?.text ?? "*"
        case .remove(let change): change.name.text
        case .restore(let change): change.name.text
        case .candidate(let candidate): candidate.name.text
        case .putRegistry(let registry, _): registry.name.text
        case .deleteRegistry(let name, _): name.text
        case .putPolicy(let policy, _): policy.id.text
        case .deletePolicy(let id, _): id.text
        case .putSettings: SettingsRecord.key
        case .putToken(let token): token.id
        case .revokeToken(let id): id
        }
    }
}
