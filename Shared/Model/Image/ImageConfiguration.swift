/// The parts of an image's configuration that Pratique keeps (OCI image configuration).
///
/// Values of environment variables and build arguments are not part of it, neither in the history lines: they hold
/// secrets.
public struct ImageConfiguration: Hashable, Sendable, Codable {
    public struct HistoryEntry: Hashable, Sendable, Codable {
        public var createdBy: String?
        public var created: String?
        public var emptyLayer: Bool

        public init(createdBy: String?, created: String? = nil, emptyLayer: Bool = false) {
            self.createdBy = createdBy
            self.created = created
            self.emptyLayer = emptyLayer
        }
    }

    /// The largest configuration that is read: real ones have some KiB, those with thousands of history lines some MiB.
    public static let bytesMax = 16 << 20

    public var platform: Platform
    /// RFC 3339, as the image says it.
    public var created: String?
    /// `user[:group]` by name or number; empty means root.
    public var user: String
    public var environmentNames: [String]
    public var labels: [String: String]
    public var entrypoint: [String]
    public var command: [String]
    /// Such as `8080/tcp`.
    public var exposedPorts: [String]
    public var workingDirectory: String?
    public var history: [HistoryEntry]
    /// The digests of the uncompressed layers, bottom first.
    public var diffIDs: [Digest]

    public init(
        platform: Platform, created: String? = nil, user: String = "", environmentNames: [String] = [],
        labels: [String: String] = [:], entrypoint: [String] = [], command: [String] = [], exposedPorts: [String] = [],
        workingDirectory: String? = nil, history: [HistoryEntry] = [], diffIDs: [Digest] = []
    ) {
        self.platform = platform
        self.created = created
        self.user = user
        self.environmentNames = environmentNames
        self.labels = labels
        self.entrypoint = entrypoint
        self.command = command
        self.exposedPorts = exposedPorts
        self.workingDirectory = workingDirectory
        self.history = history
        self.diffIDs = diffIDs
    }

    /// Whether the image's process starts as root: no user, `root`, or the number 0.
    public var runsAsRoot: Bool {
        let name =
            user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return name.isEmpty || name == "root" || UInt32(name) == 0
    }
}
