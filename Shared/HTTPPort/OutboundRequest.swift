/// One request, with everything that bounds it.
public struct OutboundRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET", head = "HEAD", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    public var method: Method
    public var url: WebURL
    /// Nothing secret: `Authorization` and its like go into `credential`, and are refused here.
    public var headers: HeaderList
    public var body: [UInt8]
    public var credential: OriginCredential?
    public var limits: RequestLimits
    public var redirects: RedirectPolicy
    /// Whether `url` may be plain HTTP, as an operator said for this origin.
    public var allowsPlainHTTP: Bool
    public var tls: TLSOptions

    public init(
        _ method: Method = .get, _ url: WebURL, headers: HeaderList = [], body: [UInt8] = [],
        credential: OriginCredential? = nil, limits: RequestLimits = RequestLimits(),
        redirects: RedirectPolicy = .follow(max: 5),
        allowsPlainHTTP: Bool = false, tls: TLSOptions = .standard
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.credential = credential
        self.limits = limits
        self.redirects = redirects
        self.allowsPlainHTTP = allowsPlainHTTP
        self.tls = tls
    }

    /// Headers that carry secrets, in lower case.
    public static let secretHeaders: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "private-token", "x-jfrog-art-api", "x-api-key",
    ]

    /// The first rule that the request breaks, or nil.
    public func refusal() -> HTTPTransportError? {
        if let reason = headers.refusal ?? credential?.headers.refusal { return .badRequest(reason: reason) }
        if let field = headers.first(where: { Self.secretHeaders.contains($0.name.lowercased()) }) {
            return .badRequest(reason: "the header \(field.name) belongs into the request's credential")
        }
        if body.count > RequestLimits.requestBodyBytesMax {
            return .badRequest(reason: "the body has more than \(RequestLimits.requestBodyBytesMax) bytes")
        }
        if url.scheme == .http && !allowsPlainHTTP { return .plainHTTPRefused(url: url) }
        return nil
    }
}

/// Secret headers and the only origin that may see them.
public struct OriginCredential: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public let origin: WebURL.Origin
    public let headers: HeaderList

    public init(origin: WebURL.Origin, headers: HeaderList) {
        self.origin = origin
        self.headers = headers
    }

    /// `Authorization: Bearer …`.
    public static func bearer(_ token: String, for origin: WebURL.Origin) -> OriginCredential {
        OriginCredential(origin: origin, headers: ["Authorization": "Bearer " + token])
    }

    /// `Authorization: Basic …` (RFC 7617, UTF-8).
    public static func basic(user: String, secret: String, for origin: WebURL.Origin) -> OriginCredential {
        let encoded = Base64.encode(Array((user + ":" + secret).utf8))
        return OriginCredential(origin: origin, headers: ["Authorization": "Basic " + encoded])
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.origin == right.origin && left.headers == right.headers
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(origin) }

    // Nothing that prints or dumps a request may print the secret.
    public var description: String { "credential for \(origin)" }
    public var customMirror: Mirror { Mirror(self, children: ["origin": origin]) }
}

/// What a request may take, in time and bytes.
public struct RequestLimits: Sendable, Hashable {
    /// Resolving, connecting and the TLS handshake.
    public var connect: Duration
    /// From the request sent to the first byte of the answer.
    public var firstByte: Duration
    /// The longest wait for the next byte of the answer. The time that a sink takes does not count.
    public var stall: Duration
    /// The whole call with its redirects; nil: no limit but the others.
    public var total: Duration?
    public var headerBytesMax: Int
    public var bodyBytesMax: Int64

    /// A request's own body is small and in memory.
    public static let requestBodyBytesMax = 64 << 20

    public init(
        connect: Duration = .seconds(10), firstByte: Duration = .seconds(30), stall: Duration = .seconds(30),
        total: Duration? = .seconds(120), headerBytesMax: Int = 128 << 10, bodyBytesMax: Int64 = 4 << 20
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.stall = stall
        self.total = total
        self.headerBytesMax = headerBytesMax
        self.bodyBytesMax = bodyBytesMax
    }
}

/// Whether 301, 302, 303, 307 and 308 are followed. Only GET and HEAD are ever repeated elsewhere.
public enum RedirectPolicy: Sendable, Hashable {
    /// A redirect is an answer like any other.
    case hand
    /// Follow up to so many; to the same origin or any other that the address policy allows.
    case follow(max: Int)
}

/// How the peer proves itself. The client certificate and a skipped verification hold only for the request's own
/// origin; the CA bundle, which extends the system's, also for where it redirects to.
public struct TLSOptions: Sendable, Hashable {
    public enum Verification: Sendable, Hashable {
        case system
        /// The system's authorities and those of a PEM file.
        case systemAnd(caBundlePath: String)
        /// No check at all, for test registries.
        case skipped
    }
    public struct ClientCertificate: Sendable, Hashable {
        public var certificatePath: String
        public var keyPath: String
        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    public let verification: Verification
    public let clientCertificate: ClientCertificate?

    public static let standard = TLSOptions(verification: .system)

    public init(verification: Verification, clientCertificate: ClientCertificate? = nil) {
        self.verification = verification
        self.clientCertificate = clientCertificate
    }

    /// From settings as people write them.
    /// - Throws: `badRequest` for a CA bundle together with a skipped verification (one of the two is a mistake), and
    ///   for a client certificate without its key.
    public init(
        caBundlePath: String?, certificatePath: String? = nil, keyPath: String? = nil, skipsVerification: Bool = false
    ) throws(HTTPTransportError) {
        guard caBundlePath == nil || !skipsVerification else {
            throw .badRequest(reason: "a CA bundle and a skipped verification exclude each other")
        }
        guard (certificatePath == nil) == (keyPath == nil) else {
            throw .badRequest(reason: "a client certificate needs both the certificate and its key")
        }
        verification = skipsVerification ? .skipped : caBundlePath.map { .systemAnd(caBundlePath: $0) } ?? .system
        clientCertificate = certificatePath.flatMap { path in
            keyPath.map { ClientCertificate(certificatePath: path, keyPath: $0) }
        }
    }
}
