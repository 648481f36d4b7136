public import LayerArchive
public import Model

/// Where an image comes from: a registry, a folder, an archive. One value stands for one image reference.
///
/// What it hands out is checked by the scanner (digest and size of manifests and configurations; digest, size and
/// diff_id of layers by `LayerReader`), so a source need not. It throws `ScanError`; any other
/// error counts as `unreachable` and transient. It never blocks the cooperative pool.
public protocol ImageSource: Sendable {
    /// How people call it: the reference as given.
    var name: String { get }
    /// What it is, where it is no image; nil for one.
    var subject: Inventory.Subject? { get }
    /// The manifest or index that the reference names.
    func root() async throws -> SourceDocument
    /// A manifest or index that an index points at.
    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument
    /// The bytes of an image configuration.
    func configuration(_ descriptor: Descriptor) async throws -> [UInt8]
    /// Streams one layer as stored into the sink: every byte once, in order, on one thread at a time. The sink may
    /// block.
    ///
    /// An error of the sink ends the transfer and is thrown unchanged.
    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws
    /// A part of a layer as stored.
    ///
    /// - Returns: nil where the source has only whole layers.
    func part(of descriptor: Descriptor, _ range: Range<Int64>) async throws -> [UInt8]?
    /// Manifests that name a manifest as their subject, such as bills of materials.
    func referrers(of digest: Digest) async throws -> [Descriptor]
}

extension ImageSource {
    public var subject: Inventory.Subject? { nil }
    public func part(of descriptor: Descriptor, _ range: Range<Int64>) async throws -> [UInt8]? { nil }
    public func referrers(of digest: Digest) async throws -> [Descriptor] { [] }
}

/// The bytes of a manifest or an index, as the source has them.
public struct SourceDocument: Hashable, Sendable {
    public var bytes: [UInt8]
    /// As the source names it; nil leaves it to the document's own `mediaType`.
    public var mediaType: MediaType?
    /// What the bytes must hash to. Nil in `docker-archive`, which has no manifest of its own: the image is then known
    /// by the digest of its configuration.
    public var digest: Digest?

    public init(bytes: [UInt8], mediaType: MediaType?, digest: Digest?) {
        self.bytes = bytes
        self.mediaType = mediaType
        self.digest = digest
    }
}
