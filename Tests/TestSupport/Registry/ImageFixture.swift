import Crypto
public import Model

/// A small image made of bytes: configuration, layers, manifest, with their digests.
public struct ImageFixture: Sendable {
    public let configuration: [UInt8]
    public let layers: [[UInt8]]
    public let manifest: [UInt8]
    public let mediaType: MediaType
    public let configurationDescriptor: Descriptor
    public let layerDescriptors: [Descriptor]

    /// - Parameters:
    ///   - layers: as they are stored, compressed or not, as `layerType` says.
    ///   - diffIDs: of the uncompressed layers; by default the layers' own digests, which is right for plain tar.
    public init(
        layers: [[UInt8]], layerType: MediaType = "application/vnd.oci.image.layer.v1.tar",
        diffIDs: [Model.Digest]? = nil,
        user: String = "", platform: Platform = .linuxAMD64, labels: [String: String] = [:], docker: Bool = false
    ) {
        let ids = diffIDs ?? layers.map(Self.digest)
        let labelText = labels.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        let idText = ids.map { "\"\($0)\"" }.joined(separator: ",")
        configuration = Array(
            """
            {"architecture":"\(platform.architecture)","os":"\(platform.os)","config":{"User":"\(user)",\
            "Labels":{\(labelText)}},\
            "rootfs":{"type":"layers","diff_ids":[\(idText)]}}
            """.utf8)
        self.layers = layers
        mediaType = docker ? .dockerManifest : .ociManifest
        configurationDescriptor = Self.describe(configuration, docker ? .dockerConfiguration : .ociConfiguration)
        layerDescriptors = layers.map { Self.describe($0, layerType) }
        let layerText = layerDescriptors.map(Self.json).joined(separator: ",")
        manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(mediaType)","config":\(Self.json(configurationDescriptor)),\
            "layers":[\(layerText)]}
            """.utf8)
    }

    init(configuration: [UInt8], layers: [[UInt8]], manifest: [UInt8], parsed: Manifest) {
        self.configuration = configuration
        self.layers = layers
        self.manifest = manifest
        mediaType = parsed.mediaType ?? .ociManifest
        configurationDescriptor = parsed.config
        layerDescriptors = parsed.layers
    }

    public var digest: Model.Digest { Self.digest(manifest) }
    public var descriptor: Descriptor { Self.describe(manifest, mediaType) }

    /// An index over images, in their order.
    public static func index(_ children: [(image: ImageFixture, platform: Platform)]) -> [UInt8] {
        let entries = children.map { child in
            let descriptor = child.image.descriptor
            let platform = child.platform
            return """
                {"mediaType":"\(descriptor.mediaType)","digest":"\(descriptor.digest)","size":\(descriptor.size),\
                "platform":{"architecture":"\(platform.architecture)","os":"\(platform.os)"}}
                """
        }
        let list = entries.joined(separator: ",")
        return Array(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[\#(list)]}"#
                .utf8)
    }

    public static func digest(_ bytes: [UInt8]) -> Model.Digest { Model.Digest(sha256: SHA256.hash(data: bytes)) }

    public static func describe(_ bytes: [UInt8], _ type: MediaType) -> Descriptor {
        Descriptor(mediaType: type, digest: digest(bytes), size: Int64(bytes.count))
    }

    private static func json(_ descriptor: Descriptor) -> String {
        "{\"mediaType\":\"\(descriptor.mediaType)\",\"digest\":\"\(descriptor.digest)\",\"size\":\(descriptor.size)}"
    }
}
