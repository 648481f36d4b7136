/// An absolute `http` or `https` URL without user information or fragment.
///
/// The grammar is narrow on purpose: what passes has one reading, so the parser that checks and the one that connects
/// cannot disagree. Hosts are ASCII names, dotted IPv4 or bracketed IPv6; numbers in other notations are refused.
public struct WebURL: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable {
        case http, https
        public var defaultPort: Int { self == .http ? 80 : 443 }
    }

    /// Scheme, host and port: where credentials are bound to.
    public struct Origin: Sendable, Hashable, CustomStringConvertible {
        public let scheme: Scheme
        /// Lower case; IPv6 without brackets.
        public let host: String
        public let port: Int

        public init(scheme: Scheme, host: String, port: Int) {
            self.scheme = scheme
            self.host = host
            self.port = port
        }

        /// `host`, or `host:port` where the port is not the scheme's own.
        public var authority: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return port == scheme.defaultPort ? name : "\(name):\(port)"
        }
        public var description: String { "\(scheme.rawValue)://\(authority)" }
    }

    public static let bytesMax = 8192

    public let origin: Origin
    /// Starts with `/`; percent-encoded.
    public let path: String
    /// Without the `?`; nil when there is none.
    public let query: String?

    public var scheme: Scheme { origin.scheme }
    public var host: String { origin.host }
    public var port: Int { origin.port }

    /// - Throws: `HTTPTransportError.badURL` that says what is wrong; the text in it is cut and has no query.
    public init(_ text: String) throws(HTTPTransportError) {
        func bad(_ reason: String) -> HTTPTransportError { .badURL(text: Self.printable(text), reason: reason) }
        guard text.utf8.count <= Self.bytesMax else { throw bad("is longer than \(Self.bytesMax) bytes") }
        guard let mark = text.range(of: "://"), let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
        else {
            throw bad("starts with neither http:// nor https://")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw bad("holds a space, a control character or a backslash")
        }
        let rest = text[mark.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw bad("holds a user name; credentials do not belong into a URL") }
        guard let place = Self.place(of: authority, scheme: scheme) else { throw bad("has no proper host and port") }
        let tail = rest[authority.endIndex...]
        let rawPath = tail.prefix { $0 != "?" }
        self.init(
            origin: place, path: Self.encodeStray(rawPath.isEmpty ? "/" : rawPath),
            query: rawPath.endIndex < tail.endIndex
                ? Self.encodeStray(tail[tail.index(after: rawPath.endIndex)...]) : nil)
    }

    init(origin: Origin, path: String, query: String?) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    public var description: String { origin.description + path + (query.map { "?" + $0 } ?? "") }
    /// Without the query, for logs and errors.
    public var redacted: String { origin.description + path + (query == nil ? "" : "?…") }

    /// The same place with segments added to the path, each percent-encoded but for `/`.
    public func appending(path suffix: String) -> WebURL {
        let encoded = suffix.split(separator: "/").map { Self.encode(String($0)) }.joined(separator: "/")
        let slash = suffix.hasSuffix("/") ? "/" : ""
        return WebURL(origin: origin, path: (path.hasSuffix("/") ? path : path + "/") + encoded + slash, query: query)
    }

    /// The same place with one segment added as it is. The caller vouches that it is legal in a path.
    public func appending(verbatim segment: String) -> WebURL {
        WebURL(origin: origin, path: (path.hasSuffix("/") ? path : path + "/") + segment, query: query)
    }

    /// The same place with query parameters added, percent-encoded.
    public func appending(query items: [(String, String)]) -> WebURL {
        guard !items.isEmpty else { return self }
        let added = items.map { Self.encode($0.0) + "=" + Self.encode($0.1) }.joined(separator: "&")
        let old = query.flatMap { $0.isEmpty ? nil : $0 + "&" } ?? ""
        return WebURL(origin: origin, path: path, query: old + added)
    }

    /// Resolves a reference against this URL (RFC 3986 §5.2), as `Location` and `Link` need it.
    public func resolving(_ reference: String) throws(HTTPTransportError) -> WebURL {
        let target: WebURL
        let lead = reference.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if lead.contains(":") {
            target = try WebURL(reference)
        } else if reference.hasPrefix("//") {
            target = try WebURL(scheme.rawValue + ":" + reference)
        } else if reference.hasPrefix("/") {
            target = try WebURL(origin.description + reference)
        } else if reference.hasPrefix("?") {
            target = try WebURL(origin.description + path + reference)
        } else if lead.isEmpty {
            target = self
        } else {
            let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
            target = try WebURL(origin.description + folder + reference)
        }
        return WebURL(origin: target.origin, path: Self.removingDotSegments(target.path), query: target.query)
    }
}
