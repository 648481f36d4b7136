import Composition
import PolicyEvaluatorService
import ServiceLifecycle
import ServiceRuntime

struct PolicyEvaluator: ServiceProcess {
    static let name = PolicyEvaluatorRunner.name
    static let summary = "Joins inventories with advisories and policies into verdicts."

    static func configuration(from settings: inout Settings) -> CompositionConfiguration {
        CompositionConfiguration(from: &settings, opensCredentials: false)
    }

    static func services(_ configuration: CompositionConfiguration, _ runtime: Runtime) async throws -> [any Service] {
        let composition = try await Composition.open(configuration, runtime)
        return [composition.closing, PolicyEvaluatorRunner(ports: try composition.ports(for: name))]
    }
}

await ServiceMain<PolicyEvaluator>.main()
