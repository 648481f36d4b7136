import CleanupService
import Composition
import ServiceLifecycle
import ServiceRuntime

struct Cleanup: ServiceProcess {
    static let name = CleanupRunner.name
    static let summary = "Proposes what leaves the catalogue, through a trash, restorable."

    static func configuration(from settings: inout Settings) -> CompositionConfiguration {
        CompositionConfiguration(from: &settings, opensCredentials: false)
    }

    static func services(_ configuration: CompositionConfiguration, _ runtime: Runtime) async throws -> [any Service] {
        let composition = try await Composition.open(configuration, runtime)
        return [composition.closing, CleanupRunner(ports: try composition.ports(for: name))]
    }
}

await ServiceMain<Cleanup>.main()
