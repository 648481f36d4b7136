import EventLogKafka
import EventLogPort
import EventLogSQLite
import Events
import Foundation
import HTTPCurl
package import HTTPPort
import Logging
package import RegistryAccess
package import ServiceLifecycle
package import ServiceRuntime

/// Chooses the adapters behind the ports and opens them. The only room, beside the mains, that may name one.
///
/// **Promises**: what it hands out is ready to use. Topics are declared before anything else is asked of the log; while
/// it cannot be reached, services start all the same and wait for it. `closing` ends everything after every service has
/// stopped. It imports no service.
package struct Composition: Sendable {
    package let sealer: CredentialSealer
    package let registries: RegistryClients
    /// Ends the log and the transport. The first of a process's services, so the last to stop.
    package let closing: any Service

    private let log: any EventLog
    private let transport: any HTTPTransport
    private let configuration: CompositionConfiguration
    private let runtime: Runtime

    /// Opens the log in the data folder (or creates both) and makes the HTTP client.
    /// - Throws: `EventLogError`, `RegistryAccessError.badKeys`, `HTTPTransportError.badRequest`.
    package static func open(_ configuration: CompositionConfiguration, _ runtime: Runtime) async throws -> Composition
    {
        let sealer = CredentialSealer(
            keys: try keys(configuration), sources: CredentialSources(environment: configuration.environment))
        let transport = CurlTransport(
            .init(
                addresses: try AddressPolicy(allowing: configuration.allowedAddresses),
                proxy: ProxyConfiguration(environment: configuration.environment)))
        let log = DeclaringLog(
            try await openLog(configuration, runtime), topics: try Topics.all(pools: configuration.pools))
        do { try await log.ready() } catch let error as EventLogError where error.isTransient {
            runtime.logger.warning("starting without the log", metadata: ["error.chain": "\(error)"])
        }
        let time = runtime.time
        return Composition(
            sealer: sealer,
            registries: RegistryClients(transport: transport, sealer: sealer, clock: time.clock, now: { time.now() }),
            closing: Closing(log: log, transport: transport), log: log, transport: transport,
            configuration: configuration,
            runtime: runtime)
    }

    private static func openLog(
        _ configuration: CompositionConfiguration, _ runtime: Runtime
    ) async throws -> any EventLog {
        if let kafka = configuration.kafka {
            return try KafkaEventLog(
                kafka.configuration(clientID: runtime.name), time: runtime.time, logger: runtime.logger)
        }
        let folder = configuration.dataFolder.appending(path: "log")
        return try await SQLiteEventLog.open(folder: folder, time: runtime.time, logger: runtime.logger)
    }

    /// A process that opens no credential gets keys that open none.
    private static func keys(_ configuration: CompositionConfiguration) throws(RegistryAccessError) -> KeyRing {
        guard configuration.opensCredentials else { return .fresh() }
        return configuration.createsKeys && configuration.environment[KeyRing.environmentName]?.isEmpty != false
            ? try KeyRing.createIfMissing(at: configuration.keyFile)
            : try KeyRing(environment: configuration.environment, file: configuration.keyFile)
    }

    /// The ports of one service, with its own folder.
    package func ports(for service: String) throws -> Ports {
        let folder = configuration.dataFolder.appending(path: service)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return Ports(
            log: log, transport: transport, time: runtime.time, folder: folder,
            instance: "\(service)-\(Self.hostName)-\(ProcessInfo.processInfo.processIdentifier)",
            logger: runtime.logger,
            readiness: runtime.readiness)
    }

    /// In containers every process has the same id: the host's name, without its domain, tells them apart.
    private static var hostName: String {
        var text = [CChar](repeating: 0, count: 256)
        guard gethostname(&text, text.count - 1) == 0 else { return "host" }
        let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.split(separator: ".").first.map(String.init) ?? "host"
    }

    /// The HTTP client of a command that a person runs: their own machine and networks are theirs to reach.
    package static func commandTransport(_ environment: [String: String]) throws -> any HTTPTransport {
        CurlTransport(.init(addresses: .privateNetworks, proxy: ProxyConfiguration(environment: environment)))
    }
}

/// Waits for the stop of everything else, then closes what was opened.
private struct Closing: Service {
    let log: any EventLog
    let transport: CurlTransport

    func run() async throws {
        try? await gracefulShutdown()
        await log.close()
        transport.close()
    }
}
