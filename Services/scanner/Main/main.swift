import Composition
import ScannerService
import ServiceLifecycle
import ServiceRuntime

struct Scanner: ServiceProcess {
    struct Configuration: Sendable {
        let composition: CompositionConfiguration
        let scanner: ScannerConfiguration
    }

    static let name = ScannerRunner.name
    static let summary = "Turns image manifests into inventories."

    static func configuration(from settings: inout Settings) -> Configuration {
        Configuration(
            composition: CompositionConfiguration(from: &settings), scanner: ScannerConfiguration(from: &settings))
    }

    static func services(_ configuration: Configuration, _ runtime: Runtime) async throws -> [any Service] {
        let composition = try await Composition.open(configuration.composition, runtime)
        return [
            composition.closing,
            ScannerRunner(
                ports: try composition.ports(for: name), configuration: configuration.scanner,
                registries: composition.registries),
        ]
    }
}

await ServiceMain<Scanner>.main()
