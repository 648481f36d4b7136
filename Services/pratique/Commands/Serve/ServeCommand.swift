import ArgumentParser
import Composition
import Foundation
import Logging
import Model
import ServiceLifecycle
import ServiceRuntime

/// `pratique serve`: all five services in one process, on the embedded log.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run everything on this machine: all five services in one process.",
        discussion: """
            Needs no configuration. The first access token is written to DATA/admin-token (mode 0600), the addresses to
            DATA/addresses.json once everything listens.

            Examples:
              pratique serve --data ./pratique-data
              pratique serve --data /var/lib/pratique --listen 0.0.0.0:8080 --allow 10.0.0.0/8
            """)

    @Option(help: "Folder for everything that is kept; made when it is missing.") var data = "./pratique-data"
    @Option(help: "Where the API and the page listen.") var listen = "127.0.0.1:8080"
    @Option(help: "Where webhooks are received.") var webhooks = "127.0.0.1:8081"
    @Option(help: "Where health, readiness and metrics are served.") var `operator` = "127.0.0.1:8082"
    @Option(
        help:
            "A host, address or CIDR block in a private range that may be connected to; may be repeated. Loopback may.")
    var allow: [String] = []
    @Option(help: "A host that may be registered with http:// instead of https://; may be repeated. Loopback may.")
    var plainHTTP: [String] = []
    @Option(
        help:
            "Keys that seal registry credentials (mode 0600). Else DATA.key beside the data folder, made when missing.")
    var keyFile: String?
    @Option(help: "Images that are read at a time.") var scans = 2
    @Option(
        help:
            "Lines below this level are not written: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel = Logger.Level.info.rawValue

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("there is no log level “\(logLevel)”")
        }
        guard (1...64).contains(scans) else { throw ValidationError("--scans is 1 to 64") }
    }

    func run() async throws {
        let runtimeConfiguration = RuntimeConfiguration(
            logLevel: Logger.Level(rawValue: logLevel) ?? .info,
            operatorAddress: try Self.address(self.operator, "--operator"))
        Logs.setUp(level: runtimeConfiguration.logLevel, format: runtimeConfiguration.logFormat)
        PrometheusMetrics.setUp()
        let runtime = Runtime(name: "pratique", logger: Logger(label: "pratique"))
        let folder = URL(fileURLWithPath: data).standardizedFileURL
        let embedded = try await EmbeddedServices.open(
            configuration(folder), runtime, scans: scans, tokenFolder: folder, plainHTTP: Self.loopback + plainHTTP,
            listen: try Self.address(listen, "--listen"), webhooks: try Self.address(webhooks, "--webhooks"))
        let announcement = AddressFile(folder: folder)
        let operatorHost = runtimeConfiguration.operatorAddress.host
        let runner = ServiceRunner(runtime, configuration: runtimeConfiguration) { port in
            await announcement.opened(operatorPort: port, host: operatorHost)
        }
        try await runner.run(embedded.services + [AnnouncementService(gateway: embedded.gateway, file: announcement)])
    }

    private func configuration(_ folder: URL) -> CompositionConfiguration {
        CompositionConfiguration(
            dataFolder: folder, keyFile: keyFile.map { URL(fileURLWithPath: $0) },
            allowedAddresses: ["127.0.0.0/8", "::1"] + allow, createsKeys: true)
    }

    private static let loopback = ["127.0.0.1", "localhost", "::1"]

    static func address(_ text: String, _ option: String) throws -> ListenAddress {
        do { return try ListenAddress(text) } catch {
            throw CommandFailure("bad \(option)", cause: "\(error)", status: .usage)
        }
    }
}
