import CCurl
public import HTTPPort

/// Outbound HTTP over libcurl, on threads of its own.
///
/// Each thread drives one transfer at a time and keeps its connections, names and TLS sessions for the next one;
/// requests for the same origin go to the thread that talked to it last. Sinks run on these threads and may block
/// them.
///
/// **Limits**: `width` transfers at a time; `queueMax` more wait, beyond that `HTTPTransportError.overloaded`.
public final class CurlTransport: HTTPTransport {
    public struct Configuration: Sendable {
        /// Threads, started when they are first needed.
        public var width: Int
        public var queueMax: Int
        /// Idle connections that each thread keeps.
        public var connectionsMax: Int
        public var addresses: AddressPolicy
        public var proxy: ProxyConfiguration

        public init(
            addresses: AddressPolicy, proxy: ProxyConfiguration = .none, width: Int = 8, queueMax: Int = 10_000,
            connectionsMax: Int = 8
        ) {
            precondition(width > 0 && queueMax >= 0 && connectionsMax > 0, "limits are positive")
            self.width = width
            self.queueMax = queueMax
            self.connectionsMax = connectionsMax
            self.addresses = addresses
            self.proxy = proxy
        }
    }

    private let pool: CurlPool

    public init(_ configuration: Configuration) {
        _ = Self.isInitialized
        pool = CurlPool(configuration)
    }

    deinit { pool.close() }

    /// Takes no more requests; running ones finish, waiting ones fail with `closed`.
    public func close() { pool.close() }

    @discardableResult
    public func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        if let refusal = request.refusal() { throw refusal }
        let job = CurlJob(request, sink)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.begin(continuation)
                pool.submit(job)
            }
        } onCancel: {
            job.cancel()
            pool.removeWaiting(job)
        }
    }

    /// libcurl wants one initialization per process, before any thread uses it; a static gives exactly that.
    private static let isInitialized: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
