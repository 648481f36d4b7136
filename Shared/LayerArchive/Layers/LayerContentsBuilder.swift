/// Gathers `LayerContents` while the archive passes. A later entry replaces an earlier one with the same path.
struct LayerContentsBuilder {
    private let limits: LayerLimits
    private var whiteouts: Set<EntryPath> = []
    private var opaqueDirectories: Set<EntryPath> = []
    private var symlinks: [EntryPath: [UInt8]] = [:]
    private var hardLinks: [EntryPath: EntryPath] = [:]
    private var files: [UInt64] = []
    private var directories: Set<UInt64> = []
    private var impliedDirectories: Set<UInt64> = []
    private var lastParent: ArraySlice<UInt8> = []
    private var linkBytes = 0
    private var entryCount = 0

    private static let whiteoutPrefix = Array(".wh.".utf8)
    private static let metadataPrefix = Array(".wh..wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)

    init(limits: LayerLimits) { self.limits = limits }

    /// - Returns: whether the entry is part of the file system; a whiteout is not.
    mutating func add(_ entry: TarEntry) throws(CauseError) -> Bool {
        entryCount += 1
        guard !entry.path.isRoot else { return false }
        try imply(ancestorsOf: entry.path)
        if entry.path.name.starts(with: Self.whiteoutPrefix) {
            try addWhiteout(entry.path)
            return false
        }
        if entry.kind != .directory { directories.remove(entry.path.hash64) }
        if !symlinks.isEmpty { symlinks[entry.path] = nil }
        if !hardLinks.isEmpty { hardLinks[entry.path] = nil }
        switch entry.kind {
        case .directory:
            directories.insert(entry.path.hash64)
            try checkDirectories()
        case .file, .device: files.append(entry.path.hash64)
        case .symlink(let target):
            try charge(entry.path.bytes.count + target.count)
            symlinks[entry.path] = target
        case .hardLink(let target):
            try charge(entry.path.bytes.count + target.bytes.count)
            hardLinks[entry.path] = target
            files.append(entry.path.hash64)
        }
        return true
    }

    /// `.wh.NAME` removes NAME, `.wh..wh..opq` empties its directory (OCI image layer specification §Whiteouts). Other
    /// names with the prefix `.wh..wh.` are bookkeeping of AUFS.
    private mutating func addWhiteout(_ path: EntryPath) throws(CauseError) {
        try charge(path.bytes.count)
        let name = path.name
        if name.elementsEqual(Self.opaqueName) {
            opaqueDirectories.insert(path.parent)
        } else if !name.starts(with: Self.metadataPrefix), name.count > Self.whiteoutPrefix.count {
            whiteouts.insert(path.parent.appending(name.dropFirst(Self.whiteoutPrefix.count)))
        }
    }

    private mutating func imply(ancestorsOf path: EntryPath) throws(CauseError) {
        let parent = path.bytes[..<(path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
        // Archives list a directory's entries one after the other.
        guard parent != lastParent else { return }
        lastParent = parent
        let ancestors = path.ancestorHashes
        guard ancestors.count < limits.pathDepthMax else {
            throw CauseError(
                .overLimit("pathDepthMax", limit: Int64(limits.pathDepthMax), value: Int64(ancestors.count + 1)))
        }
        impliedDirectories.formUnion(ancestors)
        try checkDirectories()
    }

    private func checkDirectories() throws(CauseError) {
        guard max(directories.count, impliedDirectories.count) <= limits.directoriesMax else {
            throw CauseError(.overLimit("directoriesMax", limit: Int64(limits.directoriesMax), value: nil))
        }
    }

    private mutating func charge(_ bytes: Int) throws(CauseError) {
        linkBytes += bytes + LayerLimits.linkOverheadBytes
        guard linkBytes <= limits.linkBytesMax else {
            throw CauseError(.overLimit("linkBytesMax", limit: Int64(limits.linkBytesMax), value: nil))
        }
    }

    func build(ignored: IgnoredEntries) -> LayerContents {
        LayerContents(
            whiteouts: whiteouts, opaqueDirectories: opaqueDirectories, symlinks: symlinks, hardLinks: hardLinks,
            files: PathHashSet(files), directories: PathHashSet(directories),
            impliedDirectories: PathHashSet(impliedDirectories.subtracting(directories)), ignored: ignored,
            entryCount: entryCount)
    }
}
