/// An image reference as people write it: `[registry/]repository[:tag][@digest]`.
///
/// The grammar is that of the OCI distribution specification with Docker's rules for short names: the first component
/// is
/// a registry only if it holds a `.` or a `:` or is `localhost`; else the registry is `docker.io`, and a repository of
/// one component there lives below `library/`. A reference with neither tag nor digest means the tag `latest`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible, Codable {
    public let registry: RegistryHost
    public let repository: RepositoryName
    public let tag: TagName?
    public let digest: Digest?

    public init(registry: RegistryHost, repository: RepositoryName, tag: TagName?, digest: Digest? = nil) {
        self.registry = registry
        self.repository = repository
        self.tag = tag == nil && digest == nil ? .latest : tag
        self.digest = digest
    }

    /// - Throws: `ParseError` that says what was wrong and where.
    public init(_ text: String) throws(ParseError) {
        guard text.utf8.count <= 1024 else {
            throw ParseError("image reference", in: text, at: 1024, "is longer than 1,024 characters")
        }
        var rest = text[...]
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            digest = try Digest(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        }
        var tag: TagName?
        let lastSlash = rest.lastIndex(of: "/")
        if let colon = rest.lastIndex(of: ":"), lastSlash.map({ colon > $0 }) ?? true {
            tag = try TagName(String(rest[rest.index(after: colon)...]))
            rest = rest[..<colon]
        }
        guard !rest.isEmpty else { throw ParseError("image reference", in: text, at: 0, "names no repository") }
        let (registry, repository) = try Self.split(rest, of: text)
        self.init(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    private static func split(_ name: Substring, of text: String) throws(ParseError) -> (RegistryHost, RepositoryName) {
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            if first.contains(".") || first.contains(":") || first == "localhost" {
                let host = try RegistryHost(String(first))
                let path = String(name[name.index(after: slash)...])
                return try (normal(host), RepositoryName(isHub(host) && !path.contains("/") ? "library/" + path : path))
            }
            return (.dockerHub, try RepositoryName(String(name)))
        }
        return (.dockerHub, try RepositoryName("library/" + String(name)))
    }

    private static func isHub(_ host: RegistryHost) -> Bool {
        ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host.text)
    }

    private static func normal(_ host: RegistryHost) -> RegistryHost { isHub(host) ? .dockerHub : host }

    public var description: String {
        registry.text + "/" + repository.text + (tag.map { ":" + $0.text } ?? "") + (digest.map { "@" + $0.text } ?? "")
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { try self.init(text) } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What a name points at within a repository.
public enum ReferenceTarget: Hashable, Sendable, CustomStringConvertible {
    case tag(TagName)
    case digest(Digest)

    public var description: String {
        switch self {
        case .tag(let tag): tag.text
        case .digest(let digest): digest.text
        }
    }
}

/// An image's name in the catalogue: the *configured registry's name*, the repository there, and a tag or a digest.
///
/// Its text form, `registry/repository:tag` or `registry/repository@digest`, is the key of the topic `images`.
public struct ImageName: TextValue {
    public let registry: RegistryName
    public let repository: RepositoryName
    public let target: ReferenceTarget

    public init(registry: RegistryName, repository: RepositoryName, target: ReferenceTarget) {
        self.registry = registry
        self.repository = repository
        self.target = target
    }

    public init(_ text: String) throws(ParseError) {
        guard let slash = text.firstIndex(of: "/") else {
            throw ParseError("image name", in: text, "wants registry/repository:tag")
        }
        registry = try RegistryName(String(text[..<slash]))
        let rest = text[text.index(after: slash)...]
        if let at = rest.firstIndex(of: "@") {
            repository = try RepositoryName(String(rest[..<at]))
            target = .digest(try Digest(String(rest[rest.index(after: at)...])))
        } else if let colon = rest.lastIndex(of: ":") {
            repository = try RepositoryName(String(rest[..<colon]))
            target = .tag(try TagName(String(rest[rest.index(after: colon)...])))
        } else {
            throw ParseError("image name", in: text, at: text.utf8.count, "names neither a tag nor a digest")
        }
    }

    public var text: String {
        switch target {
        case .tag(let tag): "\(registry)/\(repository):\(tag)"
        case .digest(let digest): "\(registry)/\(repository)@\(digest)"
        }
    }

    public var tag: TagName? { if case .tag(let tag) = target { tag } else { nil } }
}
