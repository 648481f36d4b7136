import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP/1.1 server on 127.0.0.1 whose answers a closure decides, misbehaviour included.
public final class ScriptedServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Path and query, as sent.
        public let target: String
        public let headers: [(name: String, value: String)]
        public let body: [UInt8]

        public var path: String { String(target.prefix { $0 != "?" }) }
        /// The first value of a query parameter, percent-decoded.
        public func query(_ name: String) -> String? {
            let text = target.drop { $0 != "?" }.dropFirst()
            for item in text.split(separator: "&") {
                let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if sides[0] == name { return sides.count == 2 ? String(sides[1]).removingPercentEncoding : "" }
            }
            return nil
        }
        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    public struct Response: Sendable {
        public enum Ending: Sendable {
            case whole
            /// The connection closes after so many bytes of the body; the head declares all of them.
            case closed(afterBytes: Int)
            /// Nothing comes any more after so many bytes of the body.
            case stalled(afterBytes: Int)
            /// Not even a head comes.
            case silent
            /// The body never ends.
            case endless
        }
        public var status: Int
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]
        public var ending: Ending

        public init(
            _ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], ending: Ending = .whole
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.ending = ending
        }

        public static func json(_ status: Int, _ text: String, headers: [(name: String, value: String)] = [])
            -> Response
        {
            Response(status, headers: [("Content-Type", "application/json")] + headers, body: Array(text.utf8))
        }
    }

    public typealias Handler = @Sendable (Request) -> Response

    struct Log {
        var requests: [Request] = []
        var connections = 0
        var openConnections = 0
        var endlessBytesSent = 0
    }

    public let port: Int
    private let channel: any Channel
    private let log: SharedLog

    /// Answers `200` with an empty body until the handler says otherwise.
    public static func start(_ handler: @escaping Handler) async throws -> ScriptedServer {
        let log = SharedLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                log.value.withLock { log in
                    log.connections += 1
                    log.openConnections += 1
                }
                channel.closeFuture.whenComplete { _ in log.value.withLock { $0.openConnections -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(ScriptedHandler(handler, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { preconditionFailure("a bound channel has a port") }
        return ScriptedServer(port: port, channel: channel, log: log)
    }

    init(port: Int, channel: any Channel, log: SharedLog) {
        self.port = port
        self.channel = channel
        self.log = log
    }

    deinit { channel.close(promise: nil) }

    /// `http://127.0.0.1:PORT`.
    public var address: String { "http://127.0.0.1:\(port)" }
    public var requests: [Request] { log.value.withLock { $0.requests } }
    /// Connections accepted so far.
    public var connections: Int { log.value.withLock { $0.connections } }
    public var openConnections: Int { log.value.withLock { $0.openConnections } }
    /// Bytes of endless bodies that the network took.
    public var endlessBytesSent: Int { log.value.withLock { $0.endlessBytesSent } }

    /// How many requests had this method and path, such as `GET /v2/`.
    public func count(_ methodAndPath: String) -> Int {
        requests.count { "\($0.method) \($0.path)" == methodAndPath }
    }

    public func stop() async { try? await channel.close() }
}

/// What the handlers of all connections write into.
final class SharedLog: Sendable {
    let value = Mutex(ScriptedServer.Log())
}
