public import HTTPPort
public import Model

/// Where a registry's API is, and whom it may send us to for a token.
public struct RegistryEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host, port and path prefix, without `/v2/`.
    public let baseURL: WebURL
    public var tls: TLSOptions
    /// Hosts (`host` or `host:port`) beside the registry's own that may be its token realm: known ones and the
    /// operator's.
    public var realmHosts: Set<String>

    /// - Parameters:
    ///   - url: such as `https://registry.example.com/prefix`; `http` means that plain HTTP is wanted. Docker Hub's
    ///     names stand for `registry-1.docker.io`.
    ///   - realmHosts: hosts that the operator allows as token realm.
    /// - Throws: `HTTPTransportError.badURL`.
    public init(url: String, tls: TLSOptions = .standard, realmHosts: Set<String> = []) throws(HTTPTransportError) {
        let given = try WebURL(url.contains("://") ? url : "https://" + url)
        guard given.query == nil else { throw .badURL(text: given.redacted, reason: "a registry's URL has no query") }
        let isHub = given.scheme == .https && Self.hubNames.contains(given.host)
        baseURL = isHub ? try WebURL("https://registry-1.docker.io") : given
        self.tls = tls
        self.realmHosts = Self.knownRealms[baseURL.host, default: []].union(realmHosts.map { $0.lowercased() })
    }

    /// The registry of an image reference.
    public init(
        host: RegistryHost, plainHTTP: Bool = false, tls: TLSOptions = .standard, realmHosts: Set<String> = []
    ) throws(HTTPTransportError) {
        try self.init(url: (plainHTTP ? "http://" : "https://") + host.text, tls: tls, realmHosts: realmHosts)
    }

    public var origin: WebURL.Origin { baseURL.origin }
    public var description: String { baseURL.path == "/" ? origin.authority : origin.authority + baseURL.path }
    var allowsPlainHTTP: Bool { baseURL.scheme == .http }

    /// `<base>/v2/<path>`.
    func api(_ path: String) -> WebURL { baseURL.appending(path: "v2/" + path) }

    private static let hubNames: Set<String> = [
        "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
    ]

    private static let knownRealms: [String: Set<String>] = [
        "registry-1.docker.io": ["auth.docker.io"],
        "registry.gitlab.com": ["gitlab.com"],
        "registry.redhat.io": ["sso.redhat.com"],
        "registry.connect.redhat.com": ["sso.redhat.com"],
    ]
}
