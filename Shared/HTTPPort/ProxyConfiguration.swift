/// Which proxy a request goes through. Explicit: an adapter never reads the environment by itself.
public struct ProxyConfiguration: Sendable, Hashable {
    /// `scheme://[user:secret@]host:port` for `http` URLs.
    public var httpProxy: String?
    /// The same for `https` URLs; reached with CONNECT.
    public var httpsProxy: String?
    /// Host names, `.suffixes`, addresses, CIDR blocks, each with an optional `:port`, or `*`.
    public var noProxy: [String]

    public static let none = ProxyConfiguration()

    public init(httpProxy: String? = nil, httpsProxy: String? = nil, noProxy: [String] = []) {
        self.httpProxy = httpProxy
        self.httpsProxy = httpsProxy
        self.noProxy = noProxy
    }

    /// As `http_proxy`, `https_proxy` and `no_proxy` say. Upper-case `HTTP_PROXY` is not read: in a CGI environment a
    /// request's `Proxy` header would set it.
    public init(environment: [String: String]) {
        func value(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        self.init(
            httpProxy: value("http_proxy"), httpsProxy: value("https_proxy", "HTTPS_PROXY"),
            noProxy: (value("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map(String.init))
    }

    /// The proxy for a URL, or nil for a direct connection.
    public func proxy(for url: WebURL) -> String? {
        guard let proxy = url.scheme == .http ? httpProxy : httpsProxy else { return nil }
        return noProxy.contains { Self.matches($0.lowercased(), url) } ? nil : proxy
    }

    private static func matches(_ entry: String, _ url: WebURL) -> Bool {
        if entry == "*" { return true }
        if let block = AddressBlock(entry) { return IPAddress(url.host).map(block.contains) ?? false }
        var name = entry[...]
        if let colon = entry.lastIndex(of: ":") {
            guard Int(entry[entry.index(after: colon)...]) == url.port else { return false }
            name = entry[..<colon]
        }
        if let address = IPAddress(String(name)) { return IPAddress(url.host) == address }
        let suffix = name.drop { $0 == "*" || $0 == "." }
        guard !suffix.isEmpty else { return false }
        return url.host == suffix || url.host.hasSuffix("." + suffix)
    }
}
