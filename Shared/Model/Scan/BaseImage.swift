/// The image that an image was built from.
public struct BaseImage: Hashable, Sendable, Codable {
    /// As the image says it (`org.opencontainers.image.base.name`).
    public var name: String?
    /// As the image says it (`org.opencontainers.image.base.digest`).
    public var digest: String?
    /// The layers that came with it, bottom first, judged by the history: those below the last command that layers
    /// follow. Empty where the history does not tell.
    public var layers: [Digest]

    public init(name: String? = nil, digest: String? = nil, layers: [Digest] = []) {
        self.name = name
        self.digest = digest
        self.layers = layers
    }
}
