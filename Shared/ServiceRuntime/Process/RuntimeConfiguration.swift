package import Logging

/// The settings that every process has.
package struct RuntimeConfiguration: Sendable, Hashable {
    package let logLevel: Logger.Level
    package let logFormat: LogFormat
    package let operatorAddress: ListenAddress
    /// How long a graceful stop may take before running work is cancelled.
    package let shutdownLimit: Duration

    package init(
        logLevel: Logger.Level = .info, logFormat: LogFormat = .automatic,
        operatorAddress: ListenAddress = Self.defaultOperatorAddress, shutdownLimit: Duration = .seconds(25)
    ) {
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.operatorAddress = operatorAddress
        self.shutdownLimit = shutdownLimit
    }

    package static let defaultOperatorAddress = ListenAddress(host: "127.0.0.1", port: 8082)

    package init(from settings: inout Settings) {
        self.init(
            logLevel: settings.choice("log.level", default: .info, help: "Lines below this level are not written."),
            logFormat: settings.choice(
                "log.format", default: .automatic, help: "`auto` is text on a terminal and JSON otherwise."),
            operatorAddress: settings.address(
                "operator.listen", default: Self.defaultOperatorAddress,
                help: "Where health, readiness and metrics are served."),
            shutdownLimit: settings.duration(
                "shutdown.limit", default: .seconds(25), in: .seconds(1) ... .seconds(600),
                help: "How long a graceful stop may take before running work is cancelled."))
    }
}
