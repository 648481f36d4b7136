public import Foundation
public import Model

/// The topic `images`: one name and the digest it is bound to. Key: the image name.
public struct ImageRecord: EventPayload, Hashable {
    public static let eventType = "pratique.image"

    /// Who showed or named the image.
    public enum Source: String, Codable, Sendable, CaseIterable, Comparable {
        case webhook, enumeration, api, ci, scan
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// How far the name is known.
    public enum Resolution: Codable, Sendable, Hashable {
        /// A registry showed the digest.
        case resolved
        /// Registered; the registry has not been asked yet, or asking failed and is tried again.
        case waiting(Failure?)
        /// Registered by CI for this digest; no registry has shown it yet.
        case notPushed
        /// The registry says that there is no such image.
        case notFound
    }

    public struct Trash: Codable, Sendable, Hashable {
        public var removedAt: Date
        public var restorableUntil: Date
        public var actor: String
        public var evidence: String
        /// Removed by a person or a rule: a registry that still shows the digest does not bring it back.
        public var keepsOut: Bool

        public init(
            removedAt: Date, restorableUntil: Date, actor: String, evidence: String, keepsOut: Bool = false
        ) {
            self.removedAt = removedAt
            self.restorableUntil = restorableUntil
            self.actor = actor
            self.evidence = evidence
            self.keepsOut = keepsOut
        }
    }

    public var name: ImageName
    /// nil until a registry or a CI registration has given one.
    public var digest: Digest?
    public var mediaType: MediaType?
    /// Grows with each change of the record.
    public var revision: Int64
    /// Sorted.
    public var sources: [Source]
    public var firstSeenAt: Date
    /// When the digest last changed.
    public var boundAt: Date?
    public var resolution: Resolution
    /// The key of the uploaded inventory with which CI registered this digest under this name: it speaks for the image
    /// while there is no scan of ours.
    public var upload: String?
    /// Somebody registered or restored it, and no registry has shown it since: where it is not found, it stays listed.
    public var isAwaited: Bool
    /// In the trash since; nil for an image of the catalogue.
    public var trash: Trash?

    public init(
        name: ImageName, digest: Digest? = nil, mediaType: MediaType? = nil, revision: Int64 = 1, sources: [Source],
        firstSeenAt: Date, boundAt: Date? = nil, resolution: Resolution, isAwaited: Bool = false, upload: String? = nil,
        trash: Trash? = nil
    ) {
        self.name = name
        self.digest = digest
        self.mediaType = mediaType
        self.revision = revision
        self.sources = sources
        self.firstSeenAt = firstSeenAt
        self.boundAt = boundAt
        self.resolution = resolution
        self.upload = upload
        self.isAwaited = isAwaited
        self.trash = trash
    }
}

/// The topic `removals`: what is left of an image that a person or a rule removed when its time in the trash is over.
/// Key: the image name.
///
/// The image exists no more; the record keeps a registry that still shows the digest from bringing it back as a new
/// one. It ends when the registry shows another digest or none, with a registration, and with the registry.
public struct RemovalRecord: EventPayload, Hashable {
    public static let eventType = "pratique.removal"

    public var name: ImageName
    public var digest: Digest
    public var removedAt: Date

    public init(name: ImageName, digest: Digest, removedAt: Date) {
        self.name = name
        self.digest = digest
        self.removedAt = removedAt
    }
}

/// The topic `candidates`: a name and digest that want a verdict without being registered yet. Key: `key`.
public struct CandidateRecord: EventPayload, Hashable {
    public static let eventType = "pratique.candidate"

    public enum Register: String, Codable, Sendable, CaseIterable { case always, compliant, never }

    public var name: ImageName
    public var digest: Digest
    /// The key of the uploaded inventory in the topic `inventories`.
    public var inventoryKey: String
    /// All that was uploaded: a verdict that names less was not made from it.
    public var inventories: [Verdict.InventoryVersion]
    public var register: Register
    public var uploader: String
    public var createdAt: Date
    public var expiresAt: Date

    public init(
        name: ImageName, digest: Digest, inventoryKey: String, inventories: [Verdict.InventoryVersion] = [],
        register: Register, uploader: String, createdAt: Date, expiresAt: Date
    ) {
        self.name = name
        self.digest = digest
        self.inventoryKey = inventoryKey
        self.inventories = inventories
        self.register = register
        self.uploader = uploader
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    public var key: String { Self.key(name, digest) }
    public static func key(_ name: ImageName, _ digest: Digest) -> String { "\(name)@\(digest)" }

    /// Whether a verdict speaks of what was uploaded, and not of an earlier upload or another's.
    public func isAnswered(by digest: Digest, _ inputs: Verdict.Inputs) -> Bool {
        digest == self.digest && Set(inventories).isSubset(of: inputs.inventories)
    }
}
