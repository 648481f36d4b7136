/// What an import takes in at most. Beyond, it fails or says which record it left out.
public struct ImportLimits: Sendable {
    public var archiveEntriesMax = 2_000_000
    public var recordBytesMax = 32 << 20
    /// Uncompressed size over compressed size; counted from 1 MiB on.
    public var compressionRatioMax = 1_000
    public var totalBytesMax: Int64 = 32 << 30
    public var filesMax = 1_000_000
    public var folderDepthMax = 4
    /// Reasons that are kept; the number of unreadable records is exact.
    public var problemsMax = 100
    public var affectedMax = 20_000
    public var rangesMax = 2_000
    public var eventsMax = 5_000
    public var versionsMax = 50_000
    public var idsMax = 10_000
    public var summaryBytesMax = 500

    public init() {}
}
