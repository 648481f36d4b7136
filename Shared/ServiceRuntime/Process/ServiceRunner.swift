import Logging
import Model
package import ServiceLifecycle
package import UnixSignals

/// Runs services until a signal or a failure, and stops them in order.
///
/// On SIGTERM or SIGINT readiness turns to not ready, then the services are asked to finish, the last one first, while
/// the operator listener still answers. What is not done after `shutdownLimit` is cancelled; what does not obey that
/// within `cancellationLimit` is ended with the process, which the log's promises allow for.
package struct ServiceRunner: Sendable {
    package static let cancellationLimit = Duration.seconds(10)

    private let runtime: Runtime
    private let configuration: RuntimeConfiguration
    private let signals: [UnixSignal]
    private let onOperatorListening: @Sendable (Int) async -> Void

    package init(
        _ runtime: Runtime, configuration: RuntimeConfiguration, signals: [UnixSignal] = [.sigterm, .sigint],
        onOperatorListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.configuration = configuration
        self.signals = signals
        self.onOperatorListening = onOperatorListening
    }

    /// - Throws: the first error of a service, or `ServiceEndedEarly`.
    package func run(_ services: [any Service]) async throws {
        try await run(group(services))
    }

    /// Runs a group made by `group`; a test keeps the group to stop it.
    package func run(_ group: ServiceGroup) async throws {
        do { try await group.run() } catch let error as ServiceGroupError {
            throw ServiceEndedEarly(name: runtime.name, underlying: error)
        }
        runtime.logger.info("stopped")
    }

    package func group(_ services: [any Service]) -> ServiceGroup {
        let operatorListener = OperatorListener(
            address: configuration.operatorAddress, readiness: runtime.readiness, metrics: runtime.metrics,
            logger: runtime.logger, onListening: onOperatorListening)
        let all: [any Service] = [operatorListener] + services + [StopAnnouncement(runtime: runtime)]
        var group = ServiceGroupConfiguration(
            services: all, gracefulShutdownSignals: signals, logger: runtime.logger)
        group.maximumGracefulShutdownDuration = configuration.shutdownLimit
        group.maximumCancellationDuration = Self.cancellationLimit
        group.logging.keys = Self.logKeys
        return ServiceGroup(configuration: group)
    }

    private static var logKeys: ServiceGroupConfiguration.LoggingConfiguration.Keys {
        var keys = ServiceGroupConfiguration.LoggingConfiguration.Keys()
        keys.signalKey = "signal"
        keys.gracefulShutdownSignalsKey = "signals.graceful"
        keys.cancellationSignalsKey = "signals.cancelling"
        keys.serviceKey = "service"
        keys.servicesKey = "services"
        keys.errorKey = "error.chain"
        return keys
    }
}

/// The last service, so the first to hear of a stop: it tells readiness, and waits for nothing else.
private struct StopAnnouncement: Service {
    let runtime: Runtime

    func run() async throws {
        try? await gracefulShutdown()
        runtime.readiness.stopping()
        runtime.logger.info("stopping")
    }
}

/// A service returned although nobody asked the process to stop.
package struct ServiceEndedEarly: DescribedError {
    package let name: String
    package let underlying: (any Error)?

    package var summary: String { "\(name) stopped on its own" }
}
