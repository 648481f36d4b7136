import CleanupService
import Composition
import Foundation
import PolicyEvaluatorService
import RegistryEnumeratorService
import ScannerService
import ServiceLifecycle
import ServiceRuntime
import WebhookGatewayService

/// The five services in one process. Each gets ports of its own, as if it were alone.
struct EmbeddedServices {
    let gateway: WebhookGatewayService
    /// In the order in which they start: what is to be closed last comes first.
    let services: [any Service]

    static func open(
        _ configuration: CompositionConfiguration, _ runtime: Runtime, scans: Int, tokenFolder: URL,
        plainHTTP: [String],
        listen: ListenAddress, webhooks: ListenAddress
    ) async throws -> EmbeddedServices {
        let composition = try await Composition.open(configuration, runtime)
        let gateway = WebhookGatewayService(
            ports: try composition.ports(for: WebhookGatewayService.name),
            configuration: GatewayConfiguration(
                webhooksAddress: webhooks, apiAddress: listen, plainHTTPHosts: plainHTTP,
                firstTokenFolder: tokenFolder),
            clients: composition.registries, sealer: composition.sealer)
        let scanner = ScannerRunner(
            ports: try composition.ports(for: ScannerRunner.name), configuration: ScannerConfiguration(width: scans),
            registries: composition.registries)
        let evaluator = PolicyEvaluatorRunner(ports: try composition.ports(for: PolicyEvaluatorRunner.name))
        let cleanup = CleanupRunner(ports: try composition.ports(for: CleanupRunner.name))
        let enumerator = RegistryEnumeratorRunner(
            ports: try composition.ports(for: RegistryEnumeratorRunner.name), registries: composition.registries)
        return EmbeddedServices(
            gateway: gateway, services: [composition.closing, cleanup, evaluator, scanner, enumerator, gateway])
    }
}
