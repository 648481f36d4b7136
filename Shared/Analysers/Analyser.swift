public import LayerArchive
public import Model

/// What an image holds: one folder an ecosystem, and the pipeline from a manifest over its layers to an inventory.
///
/// **Promises.** The same image gives the same inventory bytes, whatever order its layers arrive in and however many
/// are read at
/// once. A layer is fetched once a scanner and digest, and not at all while its record is in the cache. What cannot be
/// read
/// is in `Inventory.undetermined` with the reason; an image whose layers cannot be trusted (wrong digest, cut off, over
/// a limit) is a `ScanError`. Nothing here knows of advisories or policies.
///
/// **An ecosystem** is an `Analyser`: which files it wants, and what one such file says. It sees one file of one layer
/// at a time and never the image: what the layers make together is the pipeline's business. See
/// `docs/howto/add-an-ecosystem.md`.
public protocol Analyser: Sendable {
    /// Lower case, such as `dpkg`; unique in `AnalyserSet`.
    var name: String { get }
    /// Raised whenever the same file gives another result: cached records of older versions are then not used.
    var version: Int { get }
    var rules: [FileRule] { get }
    /// What its files are, where they are no proof that anything is installed; nil for all others.
    var claim: Package.Claim? { get }

    /// Reads one file that matches a rule.
    ///
    /// - Parameter bytes: the whole file; empty where the rule is `presence`.
    /// - Throws: `AnalysisError` if the file is damaged. It then counts as not read, with the reason.
    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings

    /// Begins to read a file whose rule is `pieces`.
    func reading(_ path: EntryPath) -> any FileReading
}

extension Analyser {
    public var claim: Package.Claim? { nil }

    public func reading(_ path: EntryPath) -> any FileReading {
        preconditionFailure("\(name) has a rule that gives it files in pieces")
    }
}

/// Reads one file as its bytes pass, however large it is, and says at the end what it is. Holds little of it.
public protocol FileReading: AnyObject {
    /// - Returns: false when it has seen enough.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// - Throws: `AnalysisError` if the file is damaged. It then counts as not read, with the reason.
    func finish() throws(AnalysisError) -> FileFindings
}

/// The bounds of what files of an image may say.
public enum AnalysisLimits {
    /// Packages of one file, of one layer, and of one image; the largest images have some ten thousand.
    public static let packagesMax = 100_000
    /// One field of a package.
    public static let fieldBytesMax = 4096

    /// - Throws: if a file names more packages. Parsers call it as they go.
    static func check(packages: Int) throws(AnalysisError) {
        guard packages <= packagesMax else {
            throw AnalysisError("it names more packages than the limit packagesMax = \(packagesMax)")
        }
    }

    /// - Throws: if a path that is put together of parts is longer than any file's. Parts are written once, paths of
    ///   them any number of times.
    static func check(pathBytes: Int) throws(AnalysisError) {
        guard pathBytes <= fieldBytesMax else {
            throw AnalysisError("it names a file whose path is over the limit fieldBytesMax = \(fieldBytesMax)")
        }
    }
}

/// Why a file could not be read: a phrase that goes on after its path, such as `line 12 is no field`.
public struct AnalysisError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}

/// What one file of one layer says.
public struct FileFindings: Hashable, Sendable, Codable {
    public var packages: [FoundPackage]
    public var distribution: Distribution?
    /// What the file leaves open. Counts only while the file is part of the image.
    public var undetermined: [Undetermined]
    /// Metadata of language packages that a distribution's package installed.
    public var owned: [OwnedFile]
    /// Count also where a later layer removed the file.
    public var secrets: [FoundSecret]
    public var certificates: [FoundCertificate]
    /// Of the package whose file it is.
    public var licenses: [String]
    /// What was odd but is no gap in what is known of packages. Counts only while the file is part of the image.
    public var notes: [String]

    public init(
        packages: [FoundPackage] = [], distribution: Distribution? = nil, undetermined: [Undetermined] = [],
        owned: [OwnedFile] = [], secrets: [FoundSecret] = [], certificates: [FoundCertificate] = [],
        licenses: [String] = [], notes: [String] = []
    ) {
        self.packages = packages
        self.distribution = distribution
        self.undetermined = undetermined
        self.owned = owned
        self.secrets = secrets
        self.certificates = certificates
        self.licenses = licenses
        self.notes = notes
    }

    var isEmpty: Bool {
        packages.isEmpty && distribution == nil && undetermined.isEmpty && owned.isEmpty && secrets.isEmpty
            && certificates.isEmpty && licenses.isEmpty && notes.isEmpty
    }
    /// What counts against `packagesMax`.
    var count: Int { packages.count + owned.count + secrets.count + certificates.count + licenses.count }

    /// - Throws: if it is more than any package manager writes.
    func check() throws(AnalysisError) {
        try AnalysisLimits.check(packages: count)
        for package in packages { try package.check() }
    }
}

/// A file that says that something is installed which may have come otherwise, such as a language's package, and the
/// distribution's package that brought it.
public struct OwnedFile: Hashable, Sendable, Codable {
    public var path: EntryPath
    public var owner: String

    public init(path: EntryPath, owner: String) {
        self.path = path
        self.owner = owner
    }

    /// Whether a path, or its last part, is of such a file: distributions install hundreds of thousands of others.
    static func mayBe(_ path: some BidirectionalCollection<UInt8>) -> Bool {
        if let last = path.last, lastBytes.contains(last), ends.contains(where: { path.reversed().starts(with: $0) }) {
            return true
        }
        let name = path.lastIndex(of: UInt8(ascii: "/")).map { path[path.index(after: $0)...] } ?? path[...]
        return KnownProgram.mayBeName(name) || name.elementsEqual(JavaRelease.fileName.utf8)
    }

    /// Backwards.
    private static let ends = [
        "METADATA", "PKG-INFO", ".egg-info", "package.json", ".gemspec", "installed.json", ".deps.json",
        ".jar", ".war", ".ear",
    ].map { Array($0.utf8.reversed()) }
    private static let lastBytes = Set(ends.compactMap(\.first))
}

/// A package as its file states it, before the image is known.
public struct FoundPackage: Hashable, Sendable, Codable {
    public var name: String
    public var version: String
    public var type: PackageType
    public var architecture: String?
    public var source: Package.Source?
    public var licenses: [String]
    /// The member of the file that says so, as `!/lib/other.jar`, where the file is an archive.
    public var inside: String?
    /// `Package.isNameGuessed`.
    public var isNameGuessed: Bool?

    public init(
        name: String, version: String, type: PackageType, architecture: String? = nil, source: Package.Source? = nil,
        licenses: [String] = [], inside: String? = nil, isNameGuessed: Bool? = nil
    ) {
        self.name = name
        self.version = version
        self.type = type
        self.architecture = architecture
        self.source = source
        self.licenses = licenses
        self.inside = inside
        self.isNameGuessed = isNameGuessed
    }

    /// - Throws: if a field is longer than any package manager writes.
    func check() throws(AnalysisError) {
        let fields =
            [name, version, architecture ?? "", source?.name ?? "", source?.version ?? "", inside ?? ""] + licenses
        guard fields.allSatisfy({ $0.utf8.count <= AnalysisLimits.fieldBytesMax }) else {
            throw AnalysisError(
                "package \(name.prefix(60)) has a field over the limit fieldBytesMax = \(AnalysisLimits.fieldBytesMax)")
        }
    }
}
