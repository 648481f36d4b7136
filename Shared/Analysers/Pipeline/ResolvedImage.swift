public import Model

/// Which platforms of an index to scan.
public enum PlatformChoice: Hashable, Sendable {
    case all
    /// These, where the index has them; at least one must be there. An image without an index is scanned whatever its
    /// platform.
    case only([Platform])

    public static let standard = PlatformChoice.only([.linuxAMD64])
}

/// What a reference came to: the platform manifests to scan.
public struct ResolvedImage: Hashable, Sendable {
    public struct PlatformManifest: Hashable, Sendable {
        /// The manifest's digest; for `docker-archive`, the digest of the configuration.
        public var digest: Digest
        /// As the index says it; the configuration has the last word.
        public var platform: Platform?
        public var manifest: Manifest
        /// Whether the source has a manifest, and `digest` is its digest.
        public var hasManifestDigest: Bool
        /// What an index says of this manifest in other manifests (BuildKit).
        public var attestations: [Descriptor] = []

        public init(digest: Digest, platform: Platform?, manifest: Manifest, hasManifestDigest: Bool = true) {
            self.digest = digest
            self.platform = platform
            self.manifest = manifest
            self.hasManifestDigest = hasManifestDigest
        }
    }

    /// The digest of what the reference names: an index or a manifest; for `docker-archive`, of the configuration.
    public var digest: Digest
    public var isIndex: Bool
    /// The platforms that were chosen, in the order of the index.
    public var platforms: [PlatformManifest]
    /// Children of the index that are no images or were not chosen, with the reason.
    public var leftOut: [Undetermined]

    public init(digest: Digest, isIndex: Bool, platforms: [PlatformManifest], leftOut: [Undetermined] = []) {
        self.digest = digest
        self.isIndex = isIndex
        self.platforms = platforms
        self.leftOut = leftOut
    }
}

/// How far a scan is.
public struct ScanProgress: Hashable, Sendable {
    /// Bytes of layers read so far, as stored; layers known from the cache count whole.
    public var readBytes: Int64
    public var totalBytes: Int64
    public var layersDone: Int
    public var layers: Int

    public init(readBytes: Int64 = 0, totalBytes: Int64 = 0, layersDone: Int = 0, layers: Int = 0) {
        self.readBytes = readBytes
        self.totalBytes = totalBytes
        self.layersDone = layersDone
        self.layers = layers
    }
}
