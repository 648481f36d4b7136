import Composition
import ServiceLifecycle
import ServiceRuntime
import WebhookGatewayService

/// Webhooks, the REST API and the console, with the catalogue and intake.
struct WebhookGateway: ServiceProcess {
    struct Configuration: Sendable {
        let composition: CompositionConfiguration
        let gateway: GatewayConfiguration
    }

    static let name = WebhookGatewayService.name
    static let summary = "Takes webhooks, answers the REST API and keeps the catalogue."

    static func configuration(from settings: inout Settings) -> Configuration {
        Configuration(
            composition: CompositionConfiguration(from: &settings), gateway: GatewayConfiguration(from: &settings))
    }

    static func services(_ configuration: Configuration, _ runtime: Runtime) async throws -> [any Service] {
        let composition = try await Composition.open(configuration.composition, runtime)
        let service = WebhookGatewayService(
            ports: try composition.ports(for: name), configuration: configuration.gateway,
            clients: composition.registries, sealer: composition.sealer)
        return [composition.closing, service]
    }
}

await ServiceMain<WebhookGateway>.main()
