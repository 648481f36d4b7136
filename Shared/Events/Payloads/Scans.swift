public import Foundation
public import Model

/// The topics `scan-requests.<pool>.<lane>`: a hint that a digest wants an inventory. Key: `registry/repository`.
public struct ScanRequest: EventPayload, Hashable {
    public static let eventType = "pratique.scan-request"

    public var digest: Digest
    /// A name to pull it by; asked once more, so that a tag that moved meanwhile is seen.
    public var name: ImageName
    /// Which platforms of an index the registries of its names configure.
    public var platforms: [Platform]
    public var analyserVersion: String?
    /// The registry's, as of the request: a scanner that knows an older one waits for it, since what that says may be
    /// the cause of the failure before.
    public var registryVersion: Int?
    /// From 1; the scanner counts on from it when it fails.
    public var attempt: Int
    /// The catalogue does not hold the digest for done: it waits for a status, also where the scanner has one.
    public var wantsStatus: Bool
    /// Such as `observed`, `retry`, `rescan schedule`.
    public var reason: String

    public init(
        digest: Digest, name: ImageName, platforms: [Platform] = [.linuxAMD64], analyserVersion: String? = nil,
        registryVersion: Int? = nil, attempt: Int, wantsStatus: Bool = false, reason: String
    ) {
        self.digest = digest
        self.name = name
        self.platforms = platforms
        self.analyserVersion = analyserVersion
        self.registryVersion = registryVersion
        self.attempt = attempt
        self.wantsStatus = wantsStatus
        self.reason = reason
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
    /// Which platforms were asked for where it is an index, sorted; nil for what has none: a manifest, no image. A
    /// failure names them whatever the digest is, since that may not have been found out.
    public var platforms: [Platform]?
    public var analyserVersion: String
    /// The name it was pulled by.
    public var name: ImageName
    public var scanner: String
    public var finishedAt: Date
    /// When the image was made, as it says itself; of an index the latest of its platforms. Nil where it is not known,
    /// or cannot be: reproducible builds write a date of their own.
    public var createdAt: Date?

    public init(
        digest: Digest, state: State, platforms: [Platform]? = nil, analyserVersion: String, name: ImageName,
        scanner: String, finishedAt: Date, createdAt: Date? = nil
    ) {
        self.digest = digest
        self.state = state
        self.platforms = platforms
        self.analyserVersion = analyserVersion
        self.name = name
        self.scanner = scanner
        self.finishedAt = finishedAt
        self.createdAt = createdAt
    }

    /// Whether it speaks for all of these platforms. Registries may configure others for the same digest.
    public func covers(_ wanted: [Platform]) -> Bool {
        platforms.map { asked in wanted.allSatisfy(asked.contains) } ?? true
    }
}

/// The topic `inventories`. Keys: the digest; of what was uploaded for a candidate
/// `digest/upload/<uploader>/<candidate>`.
public enum InventoryRecord: EventPayload, Hashable {
    public static let eventType = "pratique.inventory"

    case platform(Inventory)
    /// An index and the platforms of it that any registry which has it configures.
    case index(IndexChildren)

    public struct IndexChildren: Codable, Sendable, Hashable {
        public var digest: Digest
        /// In the index's order; each with the platform that the index says.
        public var children: [Child]
        /// Platforms that were asked for and that the index does not have.
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

    /// - Parameter candidate: `CandidateRecord.key`: another one's inventories are never replaced, though its uploader
    ///   and the digest are the same.
    public static func uploadKey(_ digest: Digest, uploader: String, candidate: String) -> String {
        "\(digest)/upload/\(uploader)/\(candidate)"
    }

    /// Whether what lies there was uploaded.
    public static func isUpload(key: String) -> Bool { key.contains("/") }

    /// Where an index's child lies: beside the index, so that of an upload belongs to the same upload.
    public static func childKey(_ child: Digest, ofIndex key: String) -> String {
        child.text + key.drop { $0 != "/" }
    }
}
