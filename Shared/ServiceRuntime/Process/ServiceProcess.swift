package import EventLogPort
package import Logging
package import ServiceLifecycle

/// What makes a service a process: its name, its settings, and how it is put together.
///
/// A main is one type that conforms and one call:
///
/// ```swift
/// @main
/// struct Scanner: ServiceProcess {
///     static let name = "scanner"
///     static let summary = "Turns image manifests into inventories."
///
///     static func configuration(from settings: inout Settings) -> ScannerConfiguration {
///         ScannerConfiguration(from: &settings)
///     }
///
///     static func services(_ configuration: ScannerConfiguration, _ runtime: Runtime) async throws -> [any Service] {
///         let ports = try await Composition.ports(configuration.ports, runtime)
///         return ports.services + [ScannerRunner(configuration, ports: ports, runtime: runtime)]
///     }
///
///     static func main() async { await ServiceMain<Self>.main() }
/// }
/// ```
package protocol ServiceProcess: Sendable {
    associatedtype Configuration: Sendable

    /// The folder's, executable's, group's and log label's name: `policy-evaluator`.
    static var name: String { get }
    /// One sentence for `--help`.
    static var summary: String { get }

    /// Reads every setting of the process but the runtime's own; problems are collected in `settings`.
    static func configuration(from settings: inout Settings) -> Configuration

    /// Opens what the process works with. The services start in this order and stop in the reverse order.
    static func services(_ configuration: Configuration, _ runtime: Runtime) async throws -> [any Service]
}

/// What the runtime hands to the parts of a process.
package struct Runtime: Sendable {
    package let name: String
    package let logger: Logger
    package let readiness: Readiness
    package let metrics: PrometheusMetrics
    package let time: TimeSource

    package init(
        name: String, logger: Logger, readiness: Readiness = Readiness(),
        metrics: PrometheusMetrics = .shared, time: TimeSource = .system
    ) {
        self.name = name
        self.logger = logger
        self.readiness = readiness
        self.metrics = metrics
        self.time = time
    }
}
