import EventLogPort
import Events
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
package import RegistryAccess
import ServiceLifecycle
package import ServiceRuntime

/// Everything that comes in over HTTP: the webhooks of registries, the REST API and the console.
///
/// **Promises**: a webhook is durable before it is answered, in the log or, while that cannot be reached, in the
/// spool. What
/// people wish goes through the log too; nothing is decided here. The read model is disposable, the spool is not.
/// **Limits**: bodies, pages, waits, followers and the spool have named maxima.
package struct WebhookGatewayService: ServiceLifecycle.Service {
    package static let name = "webhook-gateway"
    /// Open connections of one listener; further ones wait to be accepted.
    static let connectionsMax = 4_096
    /// How long an inventory of 64 MiB may take to come in.
    static let inventoryWait = TimeAmount.seconds(300)

    /// The ports that the listeners got.
    package let addresses = GatewayAddresses()

    private let ports: Ports
    private let configuration: GatewayConfiguration
    private let clients: RegistryClients
    private let sealer: CredentialSealer

    package init(
        ports: Ports, configuration: GatewayConfiguration, clients: RegistryClients, sealer: CredentialSealer
    ) {
        self.ports = ports
        self.configuration = configuration
        self.clients = clients
        self.sealer = sealer
    }

    /// Runs until the process is asked to stop: first no new requests, then what was taken is finished.
    package func run() async throws {
        do {
            try await serve()
        } catch {
            addresses.ended(error)
            throw error
        }
        addresses.ended(CancellationError())
    }

    private func serve() async throws {
        PrometheusMetrics.shared.describe(GatewayMetrics.descriptions)
        let part = ports.readiness.part(Self.name, waitingFor: "the log is being read")
        let model = try await ReadModel.open(ports)
        let spool = try await Spool.open(in: ports.folder, bytesMax: configuration.spoolBytesMax)
        let queue = DeliveryQueue(log: ports.log, spool: spool, time: ports.time, logger: ports.logger)
        let hub = EventHub(model: model, time: ports.time)
        let desk = APIDesk(
            model: model, writer: ChangeWriter(log: ports.log, time: ports.time), clients: clients, sealer: sealer,
            plainHTTP: PlainHTTPRule(allowing: configuration.plainHTTPHosts), time: ports.time)
        let measures = RequestMeasures()
        let applications: [any ServiceLifecycle.Service] = [
            webhooks(WebhookReceiver(model: model, queue: queue, time: ports.time, logger: ports.logger), measures),
            api(desk, hub, measures),
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await model.view.run() }
            group.addTask { try await model.followDirectory() }
            group.addTask { try await hub.run() }
            group.addTask { try await queue.run() }
            group.addTask { try await queue.drain() }
            group.addTask { try await CatalogueRunner(ports: ports, inventories: model).run() }
            group.addTask { try await IntakeRunner(ports: ports, registries: clients).run() }
            group.addTask {
                try await model.view.waitUntilReady()
                if configuration.createsFirstToken {
                    try await FirstToken(
                        model: model, writer: desk.writer, folder: configuration.firstTokenFolder ?? ports.folder,
                        logger: ports.logger
                    ).run()
                }
                part.ready()
                try await model.followReadability(ports.readiness.part("read-model", waitingFor: "the log is read"))
                try await Self.untilCancelled(ports)
            }
            defer { group.cancelAll() }
            // The listeners end first, by a graceful stop; anything else that ends is an error.
            group.addTask { try await Self.listen(applications, hub) }
            try await group.next()
        }
        await spool.close()
        await model.close()
    }

    /// Returns when both listeners have answered what they took.
    private static func listen(_ applications: [any ServiceLifecycle.Service], _ hub: EventHub) async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for application in applications { group.addTask { try await application.run() } }
                defer { group.cancelAll() }
                while try await group.next() != nil {}
            }
        } onGracefulShutdown: {
            // An open stream of events would hold the stop up.
            hub.close()
        }
    }

    private static func untilCancelled(_ ports: Ports) async throws {
        while true { try await ports.time.clock.sleep(for: .seconds(3_600)) }
    }

    // MARK: Listeners

    private func webhooks(_ receiver: WebhookReceiver, _ measures: RequestMeasures) -> some ServiceLifecycle.Service {
        application(
            GatewayRouters.webhooks(receiver, measures), "webhooks", configuration.webhooksAddress
        ) { addresses.opened(webhooks: $0) }
    }

    private func api(_ desk: APIDesk, _ hub: EventHub, _ measures: RequestMeasures) -> some ServiceLifecycle.Service {
        application(GatewayRouters.api(desk, hub, measures), "api", configuration.apiAddress) {
            addresses.opened(api: $0)
        }
    }

    private func application(
        _ router: Router<GatewayContext>, _ listener: String, _ address: ListenAddress,
        _ opened: @escaping @Sendable (Int) -> Void
    ) -> some ServiceLifecycle.Service {
        let logger = ports.logger
        let limits = ConnectionGuard.Limits(longBodies: [APIRoutes.base + "/inventories": Self.inventoryWait])
        // The framework's own lines would say each request's path; ours say each listener once.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [ConnectionGuard(limits)])),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil, backlog: 1_024,
                availableConnectionsDelegate: .maximum(Self.connectionsMax, logger: quiet)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? address.port
                logger.info(
                    "listener started",
                    metadata: [
                        "listener.name": "\(listener)", "listener.host": "\(address.host)", "listener.port": "\(port)",
                    ])
                opened(port)
            },
            logger: quiet)
        return Listener(application: application, name: listener, address: address)
    }
}

/// A listener whose failure to open says which one it is and what to do.
private struct Listener: ServiceLifecycle.Service {
    let application: any ServiceLifecycle.Service
    let name: String
    let address: ListenAddress

    func run() async throws {
        do { try await application.run() } catch let error as IOError {
            throw ListenError(listener: name, address: address, underlying: error)
        }
    }
}

/// The routers of the two listeners.
enum GatewayRouters {
    static func webhooks(_ receiver: WebhookReceiver, _ measures: RequestMeasures) -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        var methods = RouteMethods()
        let path: RouterPath = "/webhooks/{registry}"
        methods.add(path, .post)
        router.add(
            middleware: ProblemMiddleware(
                listener: "webhooks", methods: methods, measures: measures, time: receiver.time))
        router.post(path) { request, context in try await receiver.receive(request, context) }
        return router
    }

    static func api(_ desk: APIDesk, _ hub: EventHub, _ measures: RequestMeasures) -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self, options: [.autoGenerateHeadEndpoints])
        let routes = APIRoutes.all(desk, hub)
        var methods = RouteMethods()
        for route in routes { methods.add(RouterPath(APIRoutes.base + route.path), route.method) }
        for file in ConsoleFiles.all { methods.add(RouterPath(file.path), .get) }
        router.add(middleware: SecurityHeaders())
        router.add(
            middleware: ProblemMiddleware(listener: "api", methods: methods, measures: measures, time: desk.time))
        APIRoutes.add(routes, desk, to: router)
        ConsoleFiles.add(to: router)
        return router
    }
}
