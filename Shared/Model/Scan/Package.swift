/// The kinds of package that Pratique knows: the type of a package URL.
public enum PackageType: String, Sendable, Codable, CaseIterable, Comparable {
    case deb, apk, rpm, alpm, pypi, npm, gem, composer, maven, golang, cargo, nuget
    /// A program that no package manager installed.
    case generic

    /// Whether a distribution's package manager installed it.
    public var isOperatingSystem: Bool {
        switch self {
        case .deb, .apk, .rpm, .alpm: true
        case .pypi, .npm, .gem, .composer, .maven, .golang, .cargo, .nuget, .generic: false
        }
    }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One installed package of an inventory.
public struct Package: Hashable, Sendable, Codable {
    public struct Source: Hashable, Sendable, Codable {
        public var name: String
        public var version: String

        public init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    /// What says that a package is there, where nothing of it was seen.
    public enum Claim: String, Hashable, Sendable, Codable {
        /// A lock file with nothing installed beside it.
        case lockFile = "lock-file"
        /// A software bill of materials.
        case billOfMaterials = "bill-of-materials"
    }

    public var name: String
    /// As the package manager writes it; rpm with a non-zero epoch as `epoch:version-release`.
    public var version: String
    public var type: PackageType
    public var architecture: String?
    public var purl: String
    /// What distributions advise on, when it differs from the package or is stated: name and version of the source.
    public var source: Source?
    /// The layer that brought it: the digest of the layer as pulled.
    public var layer: Digest?
    /// The file that says it is installed, without leading `/`.
    public var location: String
    public var licenses: [String]
    /// For a language's package: the distribution's package that installed its files. The distribution patches it
    /// without raising its version, so its own advice counts and not the language's.
    public var owner: String?
    /// Nil for a package that is installed.
    public var claim: Claim?
    /// True where the group of a Java package is not stated, but guessed (or missing); else nil.
    public var isNameGuessed: Bool?

    public init(
        name: String, version: String, type: PackageType, architecture: String? = nil, purl: String,
        source: Source? = nil,
        layer: Digest? = nil, location: String, licenses: [String] = [], owner: String? = nil,
        claim: Claim? = nil, isNameGuessed: Bool? = nil
    ) {
        self.name = name
        self.version = version
        self.type = type
        self.architecture = architecture
        self.purl = purl
        self.source = source
        self.layer = layer
        self.location = location
        self.licenses = licenses
        self.owner = owner
        self.claim = claim
        self.isNameGuessed = isNameGuessed
    }
}
