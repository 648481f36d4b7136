import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// The operator's door: `/health`, `/ready` and `/metrics`, on a listener of its own that no user reaches.
///
/// * `GET /health`: 200 while the process answers. It says nothing of other systems, so an orchestrator that restarts
///   on it does not restart for a registry that is down.
/// * `GET /ready`: 200 when every part is ready, else 503; the body lists each part with its state and reason.
/// * `GET /metrics`: Prometheus text.
package struct OperatorListener: Service {
    /// Open connections; further ones wait to be accepted.
    package static let connectionsMax = 256

    private let address: ListenAddress
    private let readiness: Readiness
    private let metrics: PrometheusMetrics
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameter onListening: gets the port, which is of interest when the address asked for port 0.
    package init(
        address: ListenAddress, readiness: Readiness, metrics: PrometheusMetrics, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.address = address
        self.readiness = readiness
        self.metrics = metrics
        self.logger = logger
        self.onListening = onListening
    }

    /// The routes alone, for tests.
    package static func router(readiness: Readiness, metrics: PrometheusMetrics) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("health") { _, _ in Health(status: "ok") }
        router.get("ready") { _, _ in ReadyAnswer(readiness.report) }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.render())))
        }
        return router
    }

    package func run() async throws {
        let application = Application(
            router: Self.router(readiness: readiness, metrics: metrics),
            server: .http1(configuration: .init(additionalChannelHandlers: [ConnectionGuard()])),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(Self.connectionsMax, logger: logger)),
            onServerRunning: { [logger, address, onListening] channel in
                let port = channel.localAddress?.port ?? address.port
                logger.info(
                    "operator listener started",
                    metadata: ["listener.host": "\(address.host)", "listener.port": "\(port)"])
                await onListening(port)
            },
            logger: logger)
        do { try await application.run() } catch let error as IOError {
            throw ListenError(listener: "operator", address: address, underlying: error)
        }
    }
}

private struct Health: ResponseEncodable {
    let status: String
}

private struct ReadyAnswer: ResponseGenerator, Encodable {
    struct Part: Encodable {
        let name: String
        let ready: Bool
        let reason: String?
    }

    let ready: Bool
    let stopping: Bool
    let parts: [Part]

    init(_ report: Readiness.Report) {
        ready = report.isReady
        stopping = report.isStopping
        parts = report.parts.sorted { $0.key < $1.key }.map { name, state in
            switch state {
            case .ready: Part(name: name, ready: true, reason: nil)
            case .notReady(let reason): Part(name: name, ready: false, reason: reason)
            }
        }
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try context.responseEncoder.encode(self, from: request, context: context)
        response.status = ready ? .ok : .serviceUnavailable
        return response
    }
}
