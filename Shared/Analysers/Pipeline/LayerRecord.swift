public import LayerArchive
public import Model

/// Everything that a scan keeps of one layer: a few KB that stand for its bytes in every image that has it.
public struct LayerRecord: Hashable, Sendable, Codable {
    /// What one analyser read in one file.
    public struct File: Hashable, Sendable, Codable {
        public var path: EntryPath
        public var analyser: String
        /// Nil if it could not be read: then `unread` says why.
        public var findings: FileFindings?
        public var unread: String?
    }

    public var digest: Digest
    public var diffID: Digest
    public var storedBytes: Int64
    public var uncompressedBytes: Int64
    public var compression: LayerCompression
    /// Set where the media type says another compression than the bytes show.
    public var statedCompression: LayerCompression?
    public var contents: LayerContents
    /// Sorted by path and analyser.
    public var files: [File]
    /// Files that run as their owner or group, with their permission bits.
    public var setIDFiles: [EntryPath: UInt32]

    init(_ summary: LayerSummary, files: [File], setIDFiles: [EntryPath: UInt32]) {
        digest = summary.digest
        diffID = summary.diffID
        storedBytes = summary.storedBytes
        uncompressedBytes = summary.uncompressedBytes
        compression = summary.compression
        statedCompression = summary.statedCompression == summary.compression ? nil : summary.statedCompression
        contents = summary.contents
        self.files = files
        self.setIDFiles = setIDFiles
    }
}

/// What a layer record depends on.
public struct LayerKey: Hashable, Sendable, Codable {
    public var layer: Digest
    public var analyserVersion: String
    /// Files that no rule names but a link of the image leads to, as `analyser:path`, sorted.
    public var extra: [String]

    public init(layer: Digest, analyserVersion: String, extra: [String] = []) {
        self.layer = layer
        self.analyserVersion = analyserVersion
        self.extra = extra.sorted()
    }
}
