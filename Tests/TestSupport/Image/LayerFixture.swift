import CCompression
public import Model

/// A layer as it is stored, with what a manifest and a configuration say of it.
public struct LayerFixture: Sendable {
    public enum Compression: Sendable, CaseIterable { case plain, gzip, zstd }

    public var stored: [UInt8]
    public var diffID: Digest
    public var mediaType: MediaType
    /// Of its descriptor.
    public var annotations: [String: String]?

    /// - Parameter archive: the uncompressed bytes.
    public init(archive: [UInt8], compression: Compression = .gzip) {
        switch compression {
        case .plain: stored = archive
        case .gzip: stored = Self.gzip(archive)
        case .zstd: stored = Self.zstd(archive)
        }
        diffID = ImageFixture.digest(archive)
        mediaType = Self.mediaType(compression)
    }

    public init(_ items: [TarFixture.Item], compression: Compression = .gzip, format: TarFixture.Format = .gnu) {
        self.init(archive: TarFixture(items, format: format).bytes, compression: compression)
    }

    /// Stored bytes that need not be what they seem.
    public init(stored: [UInt8], diffID: Digest, mediaType: MediaType) {
        self.stored = stored
        self.diffID = diffID
        self.mediaType = mediaType
    }

    public var descriptor: Descriptor {
        var descriptor = ImageFixture.describe(stored, mediaType)
        descriptor.annotations = annotations
        return descriptor
    }

    public static func mediaType(_ compression: Compression) -> MediaType {
        switch compression {
        case .plain: "application/vnd.oci.image.layer.v1.tar"
        case .gzip: "application/vnd.oci.image.layer.v1.tar+gzip"
        case .zstd: "application/vnd.oci.image.layer.v1.tar+zstd"
        }
    }

    /// One gzip member, through zlib: not the library that the scanner inflates with.
    public static func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        // 16 more than the window bits means gzip.
        let status = deflateInit2_(
            &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib refused")
        defer { deflateEnd(&stream) }
        var input = bytes
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib did not finish")
            }
            count = Int(stream.total_out)
        }
    }

    /// One zstd frame with a checksum.
    public static func zstd(_ bytes: [UInt8], level: Int32 = 3) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { output, count in
            count = ZSTD_compress2(context, output.baseAddress, output.count, bytes, bytes.count)
            precondition(ZSTD_isError(count) == 0, "zstd refused")
        }
    }
}
