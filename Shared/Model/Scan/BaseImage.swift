/// The image that an image was built from.
public struct BaseImage: Hashable, Sendable, Codable {
    /// As the image says it (`org.opencontainers.image.base.name`).
    public var name: String?
    /// As the image says it (`org.opencontainers.image.base.digest`).
    public var digest: String?
    /// The layers that came with it, bottom first: those of `image`, else judged by the history: those below the last
    /// command that layers follow. Empty where that does not tell either.
    public var layers: [Digest]
    /// The image of the catalogue that has just these layers; nil where there is none, and in inventories.
    public var image: ImageName?

    public init(name: String? = nil, digest: String? = nil, layers: [Digest] = [], image: ImageName? = nil) {
        self.name = name
        self.digest = digest
        self.layers = layers
        self.image = image
    }
}
