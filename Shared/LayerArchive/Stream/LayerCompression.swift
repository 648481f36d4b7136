public import Model

/// How a layer is compressed.
public enum LayerCompression: String, Sendable, Codable, CaseIterable {
    case plain, gzip, zstd

    /// Told from the first bytes (at least 6, or all there are).
    static func detect(_ head: [UInt8]) throws(CauseError) -> LayerCompression {
        if head.starts(with: [0x1F, 0x8B]) { return .gzip }
        if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // A skippable frame of zstd may come first (RFC 8878 §3.1.2).
        if head.count >= 4, head[0] & 0xF0 == 0x50, head[1...3] == [0x2A, 0x4D, 0x18] { return .zstd }
        if head.starts(with: Array("BZh".utf8)) { throw CauseError(.compression("bzip2")) }
        if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { throw CauseError(.compression("xz")) }
        return .plain
    }
}

extension MediaType {
    /// Whether this names a file-system layer of an image that may be read.
    public var isLayer: Bool { layerCompression != nil }

    /// What the media type says of the compression; nil if it is no layer.
    public var layerCompression: LayerCompression? {
        switch text {
        case "application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar": .plain
        case "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip": .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd": .zstd
        default: nil
        }
    }

    /// Whether this names a layer that registries do not distribute (Windows base layers).
    public var isForeignLayer: Bool {
        text.hasPrefix("application/vnd.oci.image.layer.nondistributable.")
            || text.hasPrefix("application/vnd.docker.image.rootfs.foreign.")
    }

    /// - Throws: the cause why a layer of this type is not read.
    func checkLayer() throws(CauseError) {
        if isForeignLayer {
            throw CauseError(.mediaType(text, reason: "is a foreign layer, which its registry does not hold"))
        }
        if text.hasSuffix("+encrypted") { throw CauseError(.mediaType(text, reason: "is an encrypted layer")) }
        guard isLayer else { throw CauseError(.mediaType(text, reason: "is no layer of a container image")) }
    }
}
