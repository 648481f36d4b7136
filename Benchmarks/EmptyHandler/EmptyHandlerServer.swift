import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceRuntime

/// The yardstick of webhook acceptance: the gateway's HTTP server, set up as the gateway sets it up, with one route
/// that does nothing but answer 202. Prints its port and serves until it is ended.
@main
enum EmptyHandlerServer {
    static func main() async throws {
        let router = Router()
        router.post("/webhooks/{registry}") { _, _ in HTTPResponse.Status.accepted }
        var logger = Logger(label: "bench")
        logger.logLevel = .warning
        let application = Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [ConnectionGuard()])),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: 0), serverName: nil, backlog: 1_024),
            onServerRunning: { channel in
                print(channel.localAddress?.port ?? 0)
                // Into a file or a pipe nothing is written line by line.
                fflush(nil)
            },
            logger: logger)
        try await application.runService()
    }
}
