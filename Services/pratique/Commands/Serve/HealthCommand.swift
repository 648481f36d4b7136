import ArgumentParser
import ServiceRuntime

/// `pratique health`: what a container's health check runs beside `pratique serve`.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a running `pratique serve` whether it is well: exits 0 or 1.",
        discussion: """
            Examples:
              pratique health
              pratique health --ready --operator 127.0.0.1:8082
            """)

    @Option(help: "Where its health is served.") var `operator` = "127.0.0.1:8082"
    @Flag(help: "Ask whether every part is ready, too.") var ready = false

    func run() async throws {
        let address = try ServeCommand.address(self.operator, "--operator")
        print(try await HealthProbe(address: address).confirm(ready ? .ready : .health))
    }
}
