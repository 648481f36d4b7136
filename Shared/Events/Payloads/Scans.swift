public import Foundation
public import Model

/// The topics `scan-requests.<pool>.<lane>`: a hint that a digest wants an inventory. Key: `registry/repository`.
public struct ScanRequest: EventPayload, Hashable {
    public static let eventType = "pratique.scan-request"

    public var digest: Digest
    /// A name to pull it by; asked once more, so that a tag that moved meanwhile is seen.
    public var name: ImageName
    public var analyserVersion: String?
    /// From 1; the scanner counts on from it when it fails.
    public var attempt: Int
    /// Such as `observed`, `retry`, `rescan schedule`.
    public var reason: String
    /// The version of the registry's record with which it was written: who pulls waits until it knows this one, for
    /// what an older one says may be the cause of the failure before.
    public var registryVersion: Int?

    public init(
        digest: Digest, name: ImageName, analyserVersion: String? = nil, attempt: Int, reason: String,
        registryVersion: Int? = nil
    ) {
        self.digest = digest
        self.name = name
        self.analyserVersion = analyserVersion
        self.attempt = attempt
        self.reason = reason
        self.registryVersion = registryVersion
    }

    public var key: String { "\(name.registry)/\(name.repository)" }
}

/// The topic `scan-status`. Key: the digest.
public struct ScanStatusRecord: EventPayload, Hashable {
    public static let eventType = "pratique.scan-status"

    public enum State: Codable, Sendable, Hashable {
        /// The inventory (or an index's list of children and theirs) is in the log.
        case done
        case failed(Failure)
        /// Content that is no image, by its type: reported, never judged clean.
        case notAnImage(type: String)
    }

    public var digest: Digest
    public var state: State
    public var analyserVersion: String
    /// The name it was pulled by.
    public var name: ImageName
    public var scanner: String
    public var finishedAt: Date

    public init(
        digest: Digest, state: State, analyserVersion: String, name: ImageName, scanner: String, finishedAt: Date
    ) {
        self.digest = digest
        self.state = state
        self.analyserVersion = analyserVersion
        self.name = name
        self.scanner = scanner
        self.finishedAt = finishedAt
    }
}

/// The topic `inventories`. Keys: the digest; `digest/upload/<uploader>` for uploads.
public enum InventoryRecord: EventPayload, Hashable {
    public static let eventType = "pratique.inventory"

    case platform(Inventory)
    /// An index and the platforms of it that are configured.
    case index(IndexChildren)

    public struct IndexChildren: Codable, Sendable, Hashable {
        public var digest: Digest
        public var children: [Child]
        /// Configured platforms that the index does not have.
        public var missing: [Platform]
        public init(digest: Digest, children: [Child], missing: [Platform] = []) {
            self.digest = digest
            self.children = children
            self.missing = missing
        }
    }

    public struct Child: Codable, Sendable, Hashable {
        public var platform: Platform
        public var digest: Digest
        public init(platform: Platform, digest: Digest) {
            self.platform = platform
            self.digest = digest
        }
    }

    public static func uploadKey(_ digest: Digest, uploader: String) -> String { "\(digest)/upload/\(uploader)" }

    /// Where an index's child lies: beside the index, so that of an upload is its uploader's.
    public static func childKey(_ child: Digest, ofIndex key: String) -> String {
        child.text + key.drop { $0 != "/" }
    }
}
