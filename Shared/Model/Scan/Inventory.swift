/// Everything found in one platform manifest. Keyed by the manifest's digest, independent of names.
public struct Inventory: Hashable, Sendable, Codable {
    public struct Layer: Hashable, Sendable, Codable {
        public var digest: Digest
        public var diffID: Digest?
        public var sizeBytes: Int64
        /// The history line that made it.
        public var createdBy: String?

        public init(digest: Digest, diffID: Digest?, sizeBytes: Int64, createdBy: String? = nil) {
            self.digest = digest
            self.diffID = diffID
            self.sizeBytes = sizeBytes
            self.createdBy = createdBy
        }
    }

    /// An executable that runs as its owner or group, whoever starts it.
    public struct SetIDFile: Hashable, Sendable, Codable {
        public var path: String
        /// Permission bits in octal, such as `4755`.
        public var mode: String
        public var layer: Digest

        public init(path: String, mode: String, layer: Digest) {
            self.path = path
            self.mode = mode
            self.layer = layer
        }
    }

    /// What was read, where it is no image: then there is no image configuration to judge.
    public enum Subject: String, Hashable, Sendable, Codable {
        /// A folder.
        case rootFileSystem = "root-file-system"
        /// A list of packages, and nothing of what they brought.
        case billOfMaterials = "bill-of-materials"
    }

    /// The digest of the platform's manifest.
    public var digest: Digest
    public var platform: Platform
    public var distribution: Distribution?
    public var configuration: ImageConfiguration
    public var layers: [Layer]
    /// Sorted by type, name, version, location: the same image gives the same bytes.
    public var packages: [Package]
    /// What could not be read, and why. Not empty means that the inventory is partial.
    public var undetermined: [Undetermined]
    /// What was odd but read all the same, such as a media type that names another compression than the bytes have.
    public var notes: [String]
    public var analyserVersion: String
    /// The digest of the image's configuration; equal to `digest` where the image has no manifest yet
    /// (`docker-archive`).
    public var configurationDigest: Digest?
    /// The first thousand, sorted by place and location. Nil where they were not looked for yet.
    public var secrets: [ExposedSecret]?
    /// The first thousand, sorted by path. Nil where they were not looked for yet.
    public var setIDFiles: [SetIDFile]?
    /// The first thousand, sorted by path; public trust stores aside. Nil where they were not looked for yet.
    public var certificates: [EmbeddedCertificate]?
    /// What it was built from; nil where nothing tells.
    public var baseImage: BaseImage?
    /// Nil for an image.
    public var subject: Subject?

    public init(
        digest: Digest, platform: Platform, distribution: Distribution?, configuration: ImageConfiguration,
        layers: [Layer],
        packages: [Package], undetermined: [Undetermined], notes: [String] = [], analyserVersion: String,
        configurationDigest: Digest? = nil, secrets: [ExposedSecret]? = nil, setIDFiles: [SetIDFile]? = nil,
        certificates: [EmbeddedCertificate]? = nil, baseImage: BaseImage? = nil, subject: Subject? = nil
    ) {
        self.digest = digest
        self.platform = platform
        self.distribution = distribution
        self.configuration = configuration
        self.layers = layers
        self.packages = packages
        self.undetermined = undetermined
        self.notes = notes
        self.analyserVersion = analyserVersion
        self.configurationDigest = configurationDigest
        self.secrets = secrets
        self.setIDFiles = setIDFiles
        self.certificates = certificates
        self.baseImage = baseImage
        self.subject = subject
    }
}

/// Something that stays unknown, and why: never silence, never "clean".
public struct Undetermined: Hashable, Sendable, Codable {
    /// Such as `packages`, `layer sha256:…`, `package openssl 1.1.1`, `policy`.
    public var what: String
    public var reason: String

    public init(what: String, reason: String) {
        self.what = what
        self.reason = reason
    }
}

/// Which distribution an image is made of (os-release).
public struct Distribution: Hashable, Sendable, Codable, CustomStringConvertible {
    /// `ID`, such as `debian`.
    public var id: String
    public var idLike: [String]
    /// `VERSION_ID`; absent in Debian testing.
    public var versionID: String?
    public var codename: String?
    public var prettyName: String?

    public init(
        id: String, idLike: [String] = [], versionID: String?, codename: String? = nil, prettyName: String? = nil
    ) {
        self.id = id
        self.idLike = idLike
        self.versionID = versionID
        self.codename = codename
        self.prettyName = prettyName
    }

    public var description: String { versionID.map { "\(id) \($0)" } ?? id }
}
