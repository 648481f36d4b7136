public import HTTPPort
import Testing

/// The transport of unit tests that were given no other: every call fails the test that made it.
public struct PoisonedTransport: HTTPTransport {
    public init() {}

    public func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        Issue.record("a unit test asked the network for \(request.method.rawValue) \(request.url.redacted)")
        throw HTTPTransportError.closed
    }
}
