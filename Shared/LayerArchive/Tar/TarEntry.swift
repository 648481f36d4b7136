/// One entry of a layer's archive, links and long names resolved.
public struct TarEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case file
        case directory
        /// The target as written; may be absolute or climb.
        case symlink(target: [UInt8])
        case hardLink(target: EntryPath)
        /// Character or block device, FIFO.
        case device
    }

    public var path: EntryPath
    public var kind: Kind
    /// Permission bits with set-uid, set-gid and sticky.
    public var mode: UInt32
    /// Bytes of content; 0 for everything but files.
    public var sizeBytes: Int64

    public init(path: EntryPath, kind: Kind, mode: UInt32 = 0o644, sizeBytes: Int64 = 0) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.sizeBytes = sizeBytes
    }
}

/// Says of which files the content is wanted, and takes it. Called in the order of the archive, on one thread.
public protocol EntrySelector: AnyObject {
    /// Whether to hand over this file's content. Asked once for every regular file; keep it cheap.
    func wants(_ entry: TarEntry) -> Bool
    /// Takes a wanted file. A later one with the same path replaces it.
    func take(_ entry: TarEntry, _ content: EntryContent)
}

/// The content of a wanted file, or why it is not there.
public enum EntryContent {
    /// Valid only during the call.
    case bytes(UnsafeRawBufferPointer)
    case unread(reason: String)
}
