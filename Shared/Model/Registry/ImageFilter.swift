/// Which images of a registry are taken. Excludes win.
public struct ImageFilter: Hashable, Sendable, Codable {
    public var includeRepositories: [GlobPattern]
    public var excludeRepositories: [GlobPattern]
    public var includeTags: [GlobPattern]
    public var excludeTags: [GlobPattern]

    public init(
        includeRepositories: [GlobPattern] = [], excludeRepositories: [GlobPattern] = [],
        includeTags: [GlobPattern] = [],
        excludeTags: [GlobPattern] = []
    ) {
        self.includeRepositories = includeRepositories
        self.excludeRepositories = excludeRepositories
        self.includeTags = includeTags
        self.excludeTags = excludeTags
    }

    /// A list that is left out means all, like an empty one.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func patterns(_ key: CodingKeys) throws -> [GlobPattern] {
            try container.decodeIfPresent([GlobPattern].self, forKey: key) ?? []
        }
        includeRepositories = try patterns(.includeRepositories)
        excludeRepositories = try patterns(.excludeRepositories)
        includeTags = try patterns(.includeTags)
        excludeTags = try patterns(.excludeTags)
    }

    public func contains(_ repository: RepositoryName) -> Bool {
        Self.passes(repository.text, includeRepositories, excludeRepositories)
    }

    /// Names by digest pass the tag patterns.
    public func contains(_ repository: RepositoryName, _ target: ReferenceTarget) -> Bool {
        guard contains(repository) else { return false }
        guard case .tag(let tag) = target else { return true }
        return Self.passes(tag.text, includeTags, excludeTags)
    }

    private static func passes(_ text: String, _ include: [GlobPattern], _ exclude: [GlobPattern]) -> Bool {
        (include.isEmpty || include.contains { $0.matches(text) }) && !exclude.contains { $0.matches(text) }
    }
}
