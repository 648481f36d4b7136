import Composition
import RegistryEnumeratorService
import ServiceLifecycle
import ServiceRuntime

struct RegistryEnumerator: ServiceProcess {
    static let name = RegistryEnumeratorRunner.name
    static let summary = "Lists registries on their schedules, and makes rescans due."

    static func configuration(from settings: inout Settings) -> CompositionConfiguration {
        CompositionConfiguration(from: &settings)
    }

    static func services(_ configuration: CompositionConfiguration, _ runtime: Runtime) async throws -> [any Service] {
        let composition = try await Composition.open(configuration, runtime)
        let service = RegistryEnumeratorRunner(
            ports: try composition.ports(for: name), registries: composition.registries)
        return [composition.closing, service]
    }
}

await ServiceMain<RegistryEnumerator>.main()
