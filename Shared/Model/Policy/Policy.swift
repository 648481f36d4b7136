/// What is demanded of images: controls, in force for the images in scope.
public struct Policy: Hashable, Sendable, Codable {
    public var id: PolicyID
    /// Counts up with each change; a verdict names the version it was computed from.
    public var version: Int
    public var name: String
    public var description: String?
    public var scope: Scope
    public var controls: [Control]
    public var enabled: Bool

    public init(
        id: PolicyID, version: Int, name: String, description: String? = nil, scope: Scope, controls: [Control],
        enabled: Bool = true
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.description = description
        self.scope = scope
        self.controls = controls
        self.enabled = enabled
    }

    /// Which images a policy speaks of. Both lists hold globs; an empty list means all.
    public struct Scope: Hashable, Sendable, Codable {
        public var registries: [GlobPattern]
        public var repositories: [GlobPattern]

        public init(registries: [GlobPattern] = [], repositories: [GlobPattern] = []) {
            self.registries = registries
            self.repositories = repositories
        }

        /// A list that is left out means all, like an empty one.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            registries = try container.decodeIfPresent([GlobPattern].self, forKey: .registries) ?? []
            repositories = try container.decodeIfPresent([GlobPattern].self, forKey: .repositories) ?? []
        }

        public func contains(registry: RegistryName, repository: RepositoryName) -> Bool {
            (registries.isEmpty || registries.contains { $0.matches(registry.text) })
                && (repositories.isEmpty || repositories.contains { $0.matches(repository.text) })
        }
    }

    /// In force until an administrator changes it: nothing critical.
    public static let standard = Policy(
        id: .standard, version: 1, name: "Standard",
        description: "No finding of critical severity. In force until you change it.",
        scope: Scope(), controls: [.maximumSeverity(.init(severity: .high))])
}

/// A policy's id: 1 to 63 characters of `a-z 0-9 -`, starting with a letter or a digit.
public struct PolicyID: TextValue {
    public let text: String
    public init(_ text: String) throws(ParseError) {
        try checkSlug(text, "policy id")
        self.text = text
    }
    public static let standard = PolicyID(unchecked: "standard")
    private init(unchecked text: String) { self.text = text }
}
