/// A credential that anybody who has the image can read. The secret itself is never kept.
public struct ExposedSecret: Hashable, Sendable, Codable {
    public enum Place: String, Hashable, Sendable, Codable {
        /// A file of a layer, also one that a later layer removed.
        case file
        /// A variable of the image's configuration.
        case environment
        case label
        /// The entrypoint or the command.
        case command
        case history
    }

    /// What it opens, such as `github-token` (`docs/reference/secrets.md`).
    public var kind: String
    public var place: Place
    /// The file's path, the variable's or label's name, the number of the history line (from 1), or `entrypoint`,
    /// `command`.
    public var location: String
    /// From 1; of files only.
    public var line: Int?
    public var layer: Digest?
    /// What it begins with, where that is the same for all of its kind, and its length.
    public var sample: String
    /// Whether a later layer removed or replaced the file: the secret can still be taken from the layer.
    public var isRemoved: Bool

    public init(
        kind: String, place: Place, location: String, line: Int? = nil, layer: Digest? = nil, sample: String,
        isRemoved: Bool = false
    ) {
        self.kind = kind
        self.place = place
        self.location = location
        self.line = line
        self.layer = layer
        self.sample = sample
        self.isRemoved = isRemoved
    }
}
