/// The bounds of reading one layer. Over a bound the layer is not read, and the reason says which.
public struct LayerLimits: Hashable, Sendable {
    /// Bytes as stored.
    public var compressedBytesMax: Int64 = 16 << 30
    /// Seconds from the first byte to the last, its transfer included: a registry may send a byte a minute, and an
    /// archive may be made to be slow. A GB takes some seconds; at 2 MB/s two hours are enough for 14 GB.
    public var secondsMax: Int64 = 7200
    /// Bytes after decompression; also the most that one entry may claim.
    public var uncompressedBytesMax: Int64 = 64 << 30
    /// Uncompressed over compressed bytes, looked at only above `ratioFloorBytes`. Gzip reaches 1,032 on zeros.
    public var ratioMax: Int64 = 200
    /// Output below this is read whatever its ratio: databases and images legitimately hold stretches of zeros.
    public var ratioFloorBytes: Int64 = 1 << 30
    /// Headers in the archive, extension headers included.
    public var entriesMax = 2_000_000
    /// Linux takes paths of up to 4,096 bytes.
    public var pathBytesMax = 4096
    /// Components of one path. Each entry is kept with its directories: 2,000 of them for each of 200,000 entries would
    /// make GiBs of a layer of some MiB.
    public var pathDepthMax = 256
    /// Different directories: those with an entry, and those that only hold something.
    public var directoriesMax = 500_000
    /// The body of one PAX header or GNU long name.
    public var extensionBytesMax = 1 << 20
    /// One file whose content an analyser wants. A larger one is reported as not read.
    public var keptFileBytesMax: Int64 = 64 << 20
    /// All files together whose content analysers want.
    public var keptBytesMax: Int64 = 2 << 30
    /// Paths and targets of links and whiteouts, kept for resolving them across layers, with `linkOverheadBytes` each.
    public var linkBytesMax = 32 << 20
    /// What keeping one link or whiteout takes beside its text.
    static let linkOverheadBytes = 128
    /// The optional fields of one gzip header.
    public var gzipHeaderBytesMax = 256 << 10
    /// Window of a zstd frame as a power of two: 32 MiB, which every level up to 20 and the best of BuildKit's encoder
    /// keep to; levels 21, 22 and `--long` may need more. A scanner reads up to four layers at once, so this is what
    /// keeps it within its memory when all of them are such.
    public var zstdWindowLogMax = 25

    public init() {}
    public static let standard = LayerLimits()
}
