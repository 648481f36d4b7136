public import Model

/// The table of contents of a layer that can be read in parts: eStargz (stargz-snapshotter, `docs/estargz.md`) and
/// zstd:chunked (containers/storage, `pkg/chunked`).
///
/// Such a layer is an ordinary one whose files are compressed apart, and a table says where each lies. The table's
/// digest is in the manifest, and the digests of all contents are in the table, so what is read is what was pushed, as
/// far as the table goes. **The table need not say what the archive says**: who builds an image can leave a file out of
/// it. So a layer is read by its table only where somebody asked for that, and never for a verdict on a whole image.
public struct LayerTable: Sendable {
    /// A stretch of a file that is compressed by itself.
    public struct Chunk: Hashable, Sendable {
        /// The bytes of the layer, as stored.
        public var stored: Range<Int64>
        /// Bytes of its output before the content.
        public var skippedBytes: Int64
        public var sizeBytes: Int64
        public var digest: Digest?
        /// Nothing is stored of it.
        public var isZeros: Bool
    }

    public struct Entry: Hashable, Sendable {
        public var entry: TarEntry
        /// Of the whole content of a file.
        public var digest: Digest?
        /// In order, and whole.
        public var chunks: [Chunk]
    }

    public var compression: LayerCompression
    public var entries: [Entry]

    init(compression: LayerCompression, entries: [Entry]) {
        self.compression = compression
        self.entries = entries
    }

    /// - Parameters:
    ///   - document: JSON.
    ///   - dataEnd: where the stored files end.
    package init(
        document: [UInt8], _ compression: LayerCompression, dataEnd: Int64, limits: LayerLimits
    ) throws(LayerTableError) {
        self = try TableDocument.table(document, compression, dataEnd: dataEnd, limits: limits)
    }

    /// Uncompressed; a layer of 80,000 files has 18 MB.
    public static let bytesMax = 32 << 20
}

/// Why a layer cannot be read by its table: a phrase. It can then be read as a whole.
public struct LayerTableError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Where a layer's table lies, as the manifest says it.
public struct LayerTablePlace: Hashable, Sendable {
    enum Form: Hashable, Sendable {
        /// Behind the data; the last bytes of the layer point at it.
        case estargz(digest: Digest)
        case zstdChunked(digest: Digest, range: Range<Int64>, tableBytes: Int)
    }

    let form: Form
    private let layerBytes: Int64

    /// What tells one table of a layer from another.
    public var identity: String {
        switch form {
        case .estargz(let digest): digest.text
        case .zstdChunked(let digest, let range, _): "\(digest)@\(range.lowerBound)"
        }
    }

    /// - Returns: nil for a layer without a table.
    public init?(_ layer: Descriptor) {
        layerBytes = layer.size
        let annotations = layer.annotations ?? [:]
        if let text = annotations["containerd.io/snapshot/stargz/toc.digest"], let digest = try? Digest(text) {
            guard layer.size > Int64(Self.footerBytes) else { return nil }
            form = .estargz(digest: digest)
        } else if let prefix = Self.chunkedPrefixes.first(where: { annotations[$0 + "manifest-checksum"] != nil }),
            let digest = annotations[prefix + "manifest-checksum"].flatMap({ try? Digest($0) }),
            let position = annotations[prefix + "manifest-position"]
        {
            let numbers = position.split(separator: ":").compactMap { Int64($0) }
            guard numbers.count == 4, numbers[3] == 1, numbers[0] > 0, numbers[1] > 0, numbers[0] < layer.size,
                numbers[1] <= layer.size - numbers[0], numbers[1] <= Int64(LayerTable.bytesMax),
                (1...Int64(LayerTable.bytesMax)).contains(numbers[2])
            else { return nil }
            form = .zstdChunked(
                digest: digest, range: numbers[0]..<numbers[0] + numbers[1], tableBytes: Int(numbers[2]))
        } else {
            return nil
        }
    }

    /// Of the annotations of zstd:chunked, today and before 2023.
    private static let chunkedPrefixes = ["io.github.containers.zstd-chunked.", "io.containers.zstd-chunked."]

    /// The last bytes of an eStargz layer: an empty gzip member whose extra field says where the table begins.
    private static let footerBytes = 51

    /// Reads the table.
    ///
    /// - Parameter part: brings bytes of the layer as stored.
    /// - Throws: `LayerTableError`, or what `part` throws.
    public func table(
        limits: LayerLimits, part: (Range<Int64>) async throws -> [UInt8]
    ) async throws -> LayerTable {
        switch form {
        case .estargz(let digest):
            let footer = try await part(layerBytes - Int64(Self.footerBytes)..<layerBytes)
            let start = try Self.tableStart(footer, layerBytes)
            let stored = try await part(start..<layerBytes - Int64(Self.footerBytes))
            let document = try Self.document(stored)
            try Self.check(document, digest)
            return try LayerTable(document: document, .gzip, dataEnd: start, limits: limits)
        case .zstdChunked(let digest, let range, let tableBytes):
            let stored = try await part(range)
            try Self.check(stored, digest)
            let document = try ChunkDecoder.decode(stored, .zstd, skipping: 0, count: tableBytes)
            return try LayerTable(document: document, .zstd, dataEnd: range.lowerBound, limits: limits)
        }
    }

    private static func check(_ bytes: [UInt8], _ digest: Digest) throws(LayerTableError) {
        guard digest.algorithm == .sha256, ChunkDecoder.sha256(bytes) == digest else {
            throw LayerTableError("its table of contents does not have the digest that the manifest states")
        }
    }

    private static func tableStart(_ footer: [UInt8], _ layerBytes: Int64) throws(LayerTableError) -> Int64 {
        let wanted: [UInt8] = [0x1F, 0x8B, 8, 4]
        guard footer.count == footerBytes, footer.starts(with: wanted), footer[12...13].elementsEqual("SG".utf8),
            footer[32..<38].elementsEqual("STARGZ".utf8),
            let start = Int64(String(decoding: footer[16..<32], as: UTF8.self), radix: 16),
            start > 0, start < layerBytes - Int64(footerBytes),
            layerBytes - start <= Int64(LayerTable.bytesMax)
        else { throw LayerTableError("its end does not point at a table of contents") }
        return start
    }

    /// The table of eStargz is the one file of an archive of its own.
    private static func document(_ stored: [UInt8]) throws(LayerTableError) -> [UInt8] {
        let block = try ChunkDecoder.decode(stored, .gzip, skipping: 0, count: TarHeader.blockBytes)
        let header: TarHeader
        do {
            header = try block.withUnsafeBytes { block in Result { () throws(TarError) in try TarHeader(block) } }.get()
        } catch { throw LayerTableError("its table of contents is no archive: \(error.what)") }
        guard header.name.elementsEqual("stargz.index.json".utf8), header.sizeBytes <= Int64(LayerTable.bytesMax) else {
            throw LayerTableError("its table of contents is too large, or another file")
        }
        return try ChunkDecoder.decode(stored, .gzip, skipping: TarHeader.blockBytes, count: Int(header.sizeBytes))
    }
}
