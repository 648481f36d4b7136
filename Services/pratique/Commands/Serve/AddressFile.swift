import Foundation
import ServiceLifecycle
import WebhookGatewayService

/// `DATA/addresses.json`: where everything listens, for scripts and for whoever asked for port 0. Written once all is
/// open.
actor AddressFile {
    private struct Content: Encodable {
        let api: String
        let webhooks: String
        let `operator`: String
    }

    private let file: URL
    private var operatorAddress: String?
    private var gatewayPorts: GatewayAddresses.Ports?

    init(folder: URL) {
        file = folder.appending(path: "addresses.json")
        try? FileManager.default.removeItem(at: file)
    }

    func opened(operatorPort port: Int, host: String) {
        operatorAddress = "http://\(host):\(port)"
        write()
    }

    func opened(_ ports: GatewayAddresses.Ports) {
        gatewayPorts = ports
        write()
    }

    private func write() {
        guard let operatorAddress, let gatewayPorts else { return }
        let content = Content(
            api: "http://127.0.0.1:\(gatewayPorts.api)", webhooks: "http://127.0.0.1:\(gatewayPorts.webhooks)",
            operator: operatorAddress)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(content) else { return }
        // A convenience: whoever cannot write it still runs.
        try? bytes.write(to: file, options: .atomic)
    }
}

/// Waits for the gateway's listeners and tells the address file.
struct AnnouncementService: Service {
    let gateway: WebhookGatewayService
    let file: AddressFile

    func run() async throws {
        let ports = try await gateway.addresses.wait()
        await file.opened(ports)
        try? await gracefulShutdown()
    }
}
