/// Why no response came, or not all of it. URLs in it have no query, since signed queries are secrets.
public enum HTTPTransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a time limit was waiting for.
    public enum Phase: String, Sendable { case connect, firstByte = "first byte", stall, total }

    case badURL(text: String, reason: String)
    /// The request breaks a rule of this port, such as a line break in a header.
    case badRequest(reason: String)
    case plainHTTPRefused(url: WebURL)
    case addressRefused(host: String, address: String, reason: String)
    case nameNotResolved(host: String)
    case unreachable(host: String, reason: String)
    case untrustedTLS(host: String, reason: String)
    case timedOut(url: WebURL, phase: Phase, after: Duration)
    case headersTooLarge(url: WebURL, limitBytes: Int)
    case bodyTooLarge(url: WebURL, limitBytes: Int64)
    /// The body ended early.
    case truncated(url: WebURL, receivedBytes: Int64)
    case redirectRefused(from: WebURL, to: String, reason: String)
    case tooManyRedirects(url: WebURL, limit: Int)
    case brokenProtocol(url: WebURL, reason: String)
    /// Too many requests wait in this process.
    case overloaded(waiting: Int)
    case closed

    /// Whether the same request may succeed later, with nothing changed by a person.
    public var isTransient: Bool {
        switch self {
        case .nameNotResolved, .unreachable, .timedOut, .truncated, .brokenProtocol, .overloaded: true
        case .badURL, .badRequest, .plainHTTPRefused, .addressRefused, .untrustedTLS, .headersTooLarge, .bodyTooLarge,
            .redirectRefused, .tooManyRedirects, .closed:
            false
        }
    }

    public var description: String {
        switch self {
        case .badURL(let text, let reason): "bad URL “\(text)”: \(reason)"
        case .badRequest(let reason): "the request cannot be sent: \(reason)"
        case .plainHTTPRefused(let url): "\(url.redacted) is plain HTTP, which is not allowed here"
        case .addressRefused(let host, let address, let reason): "\(host) is at \(address), which is refused: \(reason)"
        case .nameNotResolved(let host): "the name \(host) has no address"
        case .unreachable(let host, let reason): "\(host) cannot be reached: \(reason)"
        case .untrustedTLS(let host, let reason): "the TLS connection to \(host) failed: \(reason)"
        case .timedOut(let url, let phase, let after):
            "\(url.redacted): no answer within \(after) (limit: \(phase.rawValue))"
        case .headersTooLarge(let url, let limit): "\(url.redacted) sent more than \(limit) bytes of headers"
        case .bodyTooLarge(let url, let limit): "\(url.redacted) sent more than the limit of \(limit) bytes"
        case .truncated(let url, let received): "\(url.redacted) broke off after \(received) bytes"
        case .redirectRefused(let from, let to, let reason):
            "the redirect of \(from.redacted) to \(to) was refused: \(reason)"
        case .tooManyRedirects(let url, let limit): "\(url.redacted) redirected more than \(limit) times"
        case .brokenProtocol(let url, let reason): "\(url.redacted) broke the protocol: \(reason)"
        case .overloaded(let waiting): "\(waiting) requests wait already"
        case .closed: "the HTTP client was closed"
        }
    }
}
