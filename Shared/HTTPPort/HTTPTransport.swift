/// Outbound HTTP: what the rest of Pratique may ask of a client, without naming one.
///
/// **Promises**, the same for every adapter:
/// * A response body is handed to the sink in order, piece by piece, on a thread of the transport's own. The sink may
///   block: that is the back-pressure, and at most one piece is in memory. Nothing is decoded: the bytes are those on
///   the wire.
/// * After `send` returned or threw, the sink is not called again. An error thrown by the sink is thrown by `send`
///   unchanged.
/// * Every size and every wait has a limit (`RequestLimits`).
/// * Credentials go to the origin (scheme, host, port) that they were given for, and to no other, redirects included.
/// * Plain HTTP is refused unless the request allows it; a step from HTTPS to HTTP is always refused.
/// * Addresses are checked against the operator's `AddressPolicy` after the name was resolved.
///
/// **Limits**: no cookies, no cache, no retries (see `RetryPolicy`), requests with small bodies held in memory.
public protocol HTTPTransport: Sendable {
    /// Sends one request, follows redirects as the request says, and streams the final response into the sink.
    ///
    /// The status is not judged: a 404 is a response. Cancelling the task ends the transfer.
    /// - Throws: `HTTPTransportError`, `CancellationError`, or what the sink threw.
    @discardableResult
    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead
}

/// Takes one response, on one thread at a time.
public protocol ResponseSink: AnyObject, Sendable {
    /// Called once, before any body. Throwing ends the transfer.
    func receive(head: ResponseHead) throws
    /// Called for each piece of the body, which is valid only during the call. Throwing ends the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) throws
}

/// Status and headers of the final response.
public struct ResponseHead: Sendable, Equatable {
    public var status: Int
    public var headers: HeaderList
    /// Where the answer came from, after redirects.
    public var url: WebURL
    /// `1.0`, `1.1`, `2`; empty where the adapter does not know.
    public var version: String

    public init(status: Int, headers: HeaderList = [], url: WebURL, version: String = "1.1") {
        self.status = status
        self.headers = headers
        self.url = url
        self.version = version
    }

    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The declared length of the body, where it is a plain number.
    public var contentLength: Int64? {
        guard let text = headers["content-length"], text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}

/// A response that was collected whole.
public struct CollectedResponse: Sendable, Equatable {
    public var head: ResponseHead
    public var body: [UInt8]

    public init(head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}

extension HTTPTransport {
    /// Sends a request and keeps the body, at most `request.limits.bodyBytesMax` of it.
    /// - Throws: `HTTPTransportError.bodyTooLarge` beyond the limit.
    public func collect(_ request: OutboundRequest) async throws -> CollectedResponse {
        let sink = CollectingSink(bytesMax: request.limits.bodyBytesMax, url: request.url)
        let head = try await send(request, into: sink)
        return CollectedResponse(head: head, body: sink.take())
    }

    /// Sends a request and hands head and body to closures, as `ResponseSink` describes.
    @discardableResult
    public func send(
        _ request: OutboundRequest, onHead: @escaping @Sendable (ResponseHead) throws -> Void = { _ in },
        onBody: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> ResponseHead {
        try await send(request, into: ClosureSink(onHead: onHead, onBody: onBody))
    }
}
