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
    @Option(help: "A host, address or CIDR block in a private range that registries may be at; may be repeated.")
    var allow: [String] = []
    @Option(help: "Keys that seal registry credentials (mode 0600). Else DATA.key beside the data folder, made when missing.")
    var keyFile: String?
    @Option(help: "Lines below this level are not written: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "info"

    func run() async throws {
        throw CommandFailure("not here yet")
    }
}

