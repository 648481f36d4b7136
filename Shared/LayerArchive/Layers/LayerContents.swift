/// What the merge of layers must know of one layer: what it removes, its links, and which paths it holds. Kept with the
/// layer.
public struct LayerContents: Hashable, Sendable, Codable {
    /// Paths of lower layers that this one removes (`.wh.NAME`).
    public var whiteouts: Set<EntryPath>
    /// Directories whose content in lower layers is hidden (`.wh..wh..opq`).
    public var opaqueDirectories: Set<EntryPath>
    /// Target as written, by path.
    public var symlinks: [EntryPath: [UInt8]]
    public var hardLinks: [EntryPath: EntryPath]
    /// Files, hard links, devices: everything but directories and symbolic links.
    var files: PathHashSet
    /// Directories with an entry of their own.
    var directories: PathHashSet
    /// Directories that are only there because something lies in them.
    var impliedDirectories: PathHashSet
    public var ignored: IgnoredEntries
    public var entryCount: Int

    enum CodingKeys: String, CodingKey {
        case whiteouts, opaqueDirectories, symlinks, hardLinks, files, directories, impliedDirectories, ignored,
            entryCount
    }

    /// A layer that holds nothing.
    public static let empty = LayerContents(
        whiteouts: [], opaqueDirectories: [], symlinks: [:], hardLinks: [:], files: PathHashSet([]),
        directories: PathHashSet([]),
        impliedDirectories: PathHashSet([]), ignored: IgnoredEntries(), entryCount: 0)

    init(
        whiteouts: Set<EntryPath>, opaqueDirectories: Set<EntryPath>, symlinks: [EntryPath: [UInt8]],
        hardLinks: [EntryPath: EntryPath], files: PathHashSet, directories: PathHashSet,
        impliedDirectories: PathHashSet,
        ignored: IgnoredEntries, entryCount: Int
    ) {
        self.whiteouts = whiteouts
        self.opaqueDirectories = opaqueDirectories
        self.symlinks = symlinks
        self.hardLinks = hardLinks
        self.files = files
        self.directories = directories
        self.impliedDirectories = impliedDirectories
        self.ignored = ignored
        self.entryCount = entryCount
    }

    /// Memory that the hashes of paths, the links and the whiteouts take, roughly.
    public var estimatedBytes: Int {
        let overhead = LayerLimits.linkOverheadBytes
        let links = symlinks.reduce(0) { $0 + $1.key.bytes.count + $1.value.count + overhead }
        let hard = hardLinks.reduce(0) { $0 + $1.key.bytes.count + $1.value.bytes.count + overhead }
        let removed = whiteouts.union(opaqueDirectories).reduce(0) { $0 + $1.bytes.count + overhead }
        return (files.count + directories.count + impliedDirectories.count) * 8 + links + hard + removed
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        whiteouts = Set(try container.decode(PathList.self, forKey: .whiteouts).paths)
        opaqueDirectories = Set(try container.decode(PathList.self, forKey: .opaqueDirectories).paths)
        let links = try container.decode(PathList.self, forKey: .symlinks).items
        symlinks = Dictionary(
            stride(from: 0, to: links.count - 1, by: 2).map { (EntryPath(unchecked: links[$0]), links[$0 + 1]) },
            uniquingKeysWith: { first, _ in first })
        let hard = try container.decode(PathList.self, forKey: .hardLinks).paths
        hardLinks = Dictionary(
            stride(from: 0, to: hard.count - 1, by: 2).map { (hard[$0], hard[$0 + 1]) },
            uniquingKeysWith: { first, _ in first })
        files = try container.decode(PathHashSet.self, forKey: .files)
        directories = try container.decode(PathHashSet.self, forKey: .directories)
        impliedDirectories = try container.decode(PathHashSet.self, forKey: .impliedDirectories)
        ignored = try container.decode(IgnoredEntries.self, forKey: .ignored)
        entryCount = try container.decode(Int.self, forKey: .entryCount)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(PathList(whiteouts.sorted().map(\.bytes)), forKey: .whiteouts)
        try container.encode(PathList(opaqueDirectories.sorted().map(\.bytes)), forKey: .opaqueDirectories)
        let links = symlinks.sorted { $0.key < $1.key }.flatMap { [$0.key.bytes, $0.value] }
        try container.encode(PathList(links), forKey: .symlinks)
        let hard = hardLinks.sorted { $0.key < $1.key }.flatMap { [$0.key.bytes, $0.value.bytes] }
        try container.encode(PathList(hard), forKey: .hardLinks)
        try container.encode(files, forKey: .files)
        try container.encode(directories, forKey: .directories)
        try container.encode(impliedDirectories, forKey: .impliedDirectories)
        try container.encode(ignored, forKey: .ignored)
        try container.encode(entryCount, forKey: .entryCount)
    }
}
