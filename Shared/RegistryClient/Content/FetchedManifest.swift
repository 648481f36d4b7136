public import Model

/// A manifest as the registry sent it, checked.
public struct FetchedManifest: Sendable, Equatable {
    /// What the document is.
    public enum Parsed: Sendable, Equatable {
        case manifest(Manifest)
        case index(ImageIndex)
        /// A manifest that is no container image: a chart, a signature, an SBOM. `type` names it.
        case artifact(Manifest, type: String)
        /// Docker's schema 1, which has neither sizes nor a configuration.
        case schema1
    }

    public let repository: RepositoryName
    /// Of the bytes, in the algorithm that was asked for; SHA-256 where a tag was asked for.
    public let digest: Digest
    public let mediaType: MediaType
    public let bytes: [UInt8]
    public let parsed: Parsed

    public init(repository: RepositoryName, digest: Digest, mediaType: MediaType, bytes: [UInt8], parsed: Parsed) {
        self.repository = repository
        self.digest = digest
        self.mediaType = mediaType
        self.bytes = bytes
        self.parsed = parsed
    }
}

/// What a name points at, as a HEAD tells.
public struct ResolvedManifest: Sendable, Hashable {
    public let digest: Digest
    /// Nil where the registry did not say.
    public let mediaType: MediaType?
    public let sizeBytes: Int64?

    public init(digest: Digest, mediaType: MediaType?, sizeBytes: Int64?) {
        self.digest = digest
        self.mediaType = mediaType
        self.sizeBytes = sizeBytes
    }
}
