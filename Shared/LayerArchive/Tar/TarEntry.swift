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
    /// Whether to read on in a file that is not wanted as a whole, by how it begins.
    ///
    /// - Parameter beginning: its first bytes, at least `EntryBeginning.bytes` of them; of shorter files nobody is
    ///   asked.
    func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)?
}

extension EntrySelector {
    public func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)? { nil }
}

public enum EntryBeginning {
    /// How many bytes tell what a file is.
    public static let bytes = 16
}

/// Reads one file as its bytes pass, in pieces of any size; holds little of it.
public protocol EntryReading: AnyObject {
    /// - Returns: false when it wants no more.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// The file is over, or no more was wanted.
    func finish()
}

/// The content of a wanted file, or why it is not there.
public enum EntryContent {
    /// Valid only during the call.
    case bytes(UnsafeRawBufferPointer)
    case unread(reason: String)
}
