public import Foundation

/// Reads the advisories of a folder, an archive or bytes, one record at a time.
///
/// A folder holds OSV's own exports: `<ecosystem>/all.zip`, or single `*.json` records, or both. A record's source is
/// the name of the folder that it lies in. Records that cannot be read are counted and named in the report; an archive
/// that cannot be read ends the import, since nothing can be said of what it held.
public struct AdvisoryImport {
    public struct Report: Hashable, Sendable, Codable {
        public var records = 0
        public var withdrawn = 0
        /// Records that could not be read.
        public var unreadable = 0
        /// Why, for the first `problemsMax` of them.
        public var problems: [String] = []
        /// Records read, by source.
        public var sources: [String: Int] = [:]

        public init() {}
    }

    private let limits: ImportLimits
    private let reader: OSVReader
    private let body: (Advisory) throws -> Void
    private var totalBytes: Int64 = 0
    private var files = 0
    public private(set) var report = Report()

    /// - Parameter body: Called with each advisory; what it throws ends the import.
    public init(limits: ImportLimits = ImportLimits(), _ body: @escaping (Advisory) throws -> Void) {
        self.limits = limits
        self.body = body
        reader = OSVReader(limits: limits)
    }

    /// Reads a folder tree (`all.zip` and `*.json`), an archive, or a single record.
    ///
    /// - Throws: `AdvisoriesError`, or what `body` throws.
    public mutating func read(path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw AdvisoriesError.file(path: path, reason: "it does not exist")
        }
        let url = URL(fileURLWithPath: path)
        if isFolder.boolValue {
            try readFolder(url, depth: 0)
            guard files > 0 else { throw AdvisoriesError.file(path: path, reason: "it holds no all.zip and no *.json") }
        } else {
            try readFile(url, isNamed: true)
        }
    }

    /// Reads an archive that is already in memory.
    public mutating func read(archive bytes: [UInt8], source: String) throws {
        let archive = try ZipArchive(name: source, size: Int64(bytes.count), limits: limits) { offset, count in
            Array(bytes[Int(offset)..<(Int(offset) + count)])
        }
        try read(archive, source: source)
    }

    /// Reads one record.
    public mutating func read(record json: Data, source: String, name: String) throws {
        let advisory = Result { () throws(AdvisoriesError) in try reader.advisory(json, source: source, name: name) }
        try take(advisory)
    }

    /// Hands a record on, or notes why it could not be read.
    private mutating func take(_ result: Result<Advisory, AdvisoriesError>) throws {
        let advisory: Advisory
        do { advisory = try result.get() } catch {
            guard case .record = error else { throw error }
            report.unreadable += 1
            if report.problems.count < limits.problemsMax { report.problems.append(error.description) }
            return
        }
        report.records += 1
        report.sources[advisory.source, default: 0] += 1
        if advisory.withdrawn != nil { report.withdrawn += 1 }
        try body(advisory)
    }

    // MARK: Files

    private mutating func readFolder(_ folder: URL, depth: Int) throws {
        guard depth <= limits.folderDepthMax else { return }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } catch {
            throw AdvisoriesError.file(path: folder.path, reason: "its content cannot be listed")
        }
        for name in names where !name.hasPrefix(".") {
            let url = folder.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue { try readFolder(url, depth: depth + 1) } else { try readFile(url, isNamed: false) }
        }
    }

    /// - Parameter isNamed: The caller named this very file, so any archive will do.
    private mutating func readFile(_ url: URL, isNamed: Bool) throws {
        let name = url.lastPathComponent
        let isArchive = name == "all.zip" || (isNamed && name.hasSuffix(".zip"))
        guard isArchive || name.hasSuffix(".json") else {
            if isNamed { throw AdvisoriesError.file(path: url.path, reason: "it is neither a .zip nor a .json") }
            return
        }
        files += 1
        guard files <= limits.filesMax else {
            throw AdvisoriesError.file(path: url.path, reason: "there are more than \(limits.filesMax) files")
        }
        let source = Self.source(ofFolder: url.deletingLastPathComponent().lastPathComponent)
        if isArchive {
            let file = try ArchiveFile(path: url.path)
            try read(ZipArchive(name: url.path, size: file.size, limits: limits, read: file.read), source: source)
        } else {
            let file = try ArchiveFile(path: url.path)
            try count(min(file.size, Int64(limits.recordBytesMax)), url.path)
            let advisory = Result { () throws(AdvisoriesError) in
                try reader.advisory(try file.whole(most: limits.recordBytesMax), source: source, name: name)
            }
            try take(advisory)
        }
    }

    private mutating func read(_ archive: ZipArchive, source: String) throws {
        for member in archive.members where member.name.hasSuffix(".json") {
            try count(member.bytes, member.name)
            let advisory = Result { () throws(AdvisoriesError) in
                try reader.advisory(Data(try archive.content(of: member)), source: source, name: member.name)
            }
            try take(advisory)
        }
    }

    private mutating func count(_ bytes: Int64, _ name: String) throws {
        let (sum, overflow) = totalBytes.addingReportingOverflow(bytes)
        guard !overflow, sum <= limits.totalBytesMax else {
            throw AdvisoriesError.archive(
                name: name, reason: "all records together are larger than \(limits.totalBytesMax) bytes")
        }
        totalBytes = sum
    }

    /// The source that a folder's name stands for, on a disk or in an address: one part of a key, and of a path.
    public static func source(ofFolder folder: String) -> String {
        var name = folder.filter {
            $0 != "/" && !$0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        while name.utf8.count > sourceBytesMax { name.removeLast() }
        return ["", ".", ".."].contains(name) ? "local" : name
    }

    private static let sourceBytesMax = 64
}
