import LayerArchive
import Model

/// One package as rpm's database has it: an index of tags, then their data, numbers big-endian (rpm's
/// `docs/manual/hregions.md` and `format_header.md`). Regions need no care: all offsets count from the data's start.
struct RpmHeader {
    /// Tags that are read (`rpmtag.h`).
    private enum Tag: Int {
        case name = 1000
        case version = 1001
        case release = 1002
        case epoch = 1003
        case license = 1014
        case architecture = 1022
        case sourceRPM = 1044
        case directoryIndexes = 1116
        case baseNames = 1117
        case directoryNames = 1118
    }

    /// Kinds of data.
    private enum Kind {
        static let int32 = 4
        static let string = 6
        static let stringArray = 8
        static let translatedString = 9
    }

    private struct Entry {
        let kind: Int
        let offset: Int
        let count: Int
    }

    /// As rpm itself: more tags or data are damage.
    private static let tagsMax = 0xFFFF
    private static let entryBytes = 16
    private static let filesMax = 2_000_000

    private let data: StoreBytes
    private var entries: [Tag: Entry] = [:]

    init(_ header: UnsafeRawBufferPointer) throws(AnalysisError) {
        let bytes = StoreBytes(bytes: header, isBigEndian: true)
        let (tags, dataBytes) = (try bytes.u32(0), try bytes.u32(4))
        guard (1...Self.tagsMax).contains(tags) else { throw AnalysisError("a header names \(tags) tags") }
        let start = 8 + tags * Self.entryBytes
        data = StoreBytes(bytes: try bytes.slice(start, dataBytes), isBigEndian: true)
        for index in 0..<tags {
            let at = 8 + index * Self.entryBytes
            guard let tag = Tag(rawValue: try bytes.u32(at)) else { continue }
            // What was added after the package was made comes last and wins.
            entries[tag] = Entry(
                kind: try bytes.u32(at + 4), offset: try bytes.u32(at + 8), count: try bytes.u32(at + 12))
        }
    }

    /// Adds the package and the metadata of languages' packages that it brought.
    func add(to findings: inout FileFindings) throws(AnalysisError) {
        guard let name = try text(.name), !name.isEmpty else { throw AnalysisError("a header names no package") }
        // Keys that signatures are checked with are kept as if they were packages.
        guard name != "gpg-pubkey" else { return }
        guard let version = try text(.version), let release = try text(.release), !version.isEmpty else {
            throw AnalysisError("package \(name.prefix(60)) has no version")
        }
        let epoch = try number(.epoch) ?? 0
        let full = (epoch == 0 ? "" : "\(epoch):") + version + (release.isEmpty ? "" : "-" + release)
        let license = try text(.license) ?? ""
        findings.packages.append(
            FoundPackage(
                name: name, version: full, type: .rpm, architecture: try text(.architecture),
                source: try text(.sourceRPM).flatMap { Self.source($0) }, licenses: license.isEmpty ? [] : [license]))
        findings.owned += try metadata().map { OwnedFile(path: $0, owner: name) }
    }

    /// `openssl-3.0.7-24.el9.src.rpm`: the name may have hyphens, version and release have none.
    static func source(_ file: String) -> Package.Source? {
        guard file.hasSuffix(".src.rpm") || file.hasSuffix(".nosrc.rpm") else { return nil }
        let parts = file.dropLast(file.hasSuffix(".nosrc.rpm") ? 10 : 8).split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        let name = parts.dropLast(2).joined(separator: "-")
        return name.isEmpty ? nil : Package.Source(name: name, version: parts.suffix(2).joined(separator: "-"))
    }

    // MARK: Data

    private func text(_ tag: Tag) throws(AnalysisError) -> String? {
        guard let entry = entries[tag] else { return nil }
        guard entry.kind == Kind.string || entry.kind == Kind.translatedString else {
            throw AnalysisError("tag \(tag.rawValue) of a header is no text")
        }
        var offset = entry.offset
        return String(decoding: try string(&offset), as: UTF8.self)
    }

    /// The text that begins at a place, which is then that of the next one.
    private func string(_ offset: inout Int) throws(AnalysisError) -> UnsafeRawBufferPointer {
        let rest = try data.slice(offset, data.bytes.count - min(offset, data.bytes.count))
        guard let end = rest.firstIndex(of: 0) else { throw StoreBytes.cutOff }
        offset += end + 1
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }

    private func number(_ tag: Tag) throws(AnalysisError) -> Int? {
        guard let entry = entries[tag] else { return nil }
        guard entry.kind == Kind.int32, entry.count == 1 else {
            throw AnalysisError("tag \(tag.rawValue) of a header is no number")
        }
        return try data.u32(entry.offset)
    }

    // MARK: Files

    /// The files that say that a language's package is installed: names, and for each the number of its folder.
    private func metadata() throws(AnalysisError) -> [EntryPath] {
        guard let names = entries[.baseNames], let indexes = entries[.directoryIndexes],
            let folderNames = entries[.directoryNames]
        else { return [] }
        guard names.kind == Kind.stringArray, indexes.kind == Kind.int32, folderNames.kind == Kind.stringArray,
            names.count == indexes.count, names.count <= Self.filesMax, folderNames.count <= names.count
        else { throw AnalysisError("the file list of a header is none") }
        var found: [(name: UnsafeRawBufferPointer, folder: Int)] = []
        var offset = names.offset
        for index in 0..<names.count {
            let name = try string(&offset)
            if OwnedFile.mayBe(name) { found.append((name, try data.u32(indexes.offset + 4 * index))) }
        }
        guard !found.isEmpty else { return [] }
        var folders: [UnsafeRawBufferPointer] = []
        offset = folderNames.offset
        for _ in 0..<folderNames.count { folders.append(try string(&offset)) }
        var paths: [EntryPath] = []
        for (name, folder) in found {
            guard folders.indices.contains(folder) else { throw AnalysisError("the file list of a header is none") }
            try AnalysisLimits.check(pathBytes: folders[folder].count + name.count)
            try AnalysisLimits.check(packages: paths.count)
            if let path = EntryPath(Array(folders[folder]) + Array(name)) { paths.append(path) }
        }
        return paths
    }
}
