import ArgumentParser
import Composition
import Foundation
import Model
import RegistryAccess
import ScannerService
import ServiceRuntime
import WebhookGatewayService

@testable import PratiqueCommands

/// What an executable does with an environment and a command line, found out by its own code.
struct Reading: Sendable {
    /// By name: `api`, `webhooks`, `operator`.
    var listeners: [String: ListenAddress] = [:]
    var dataFolder: String?
    var keyFile: String?
    var createsKeys = false
    var opensCredentials = false
    var pools: [String] = []
    var stopsWithin = Duration.zero
    /// Variables that it reads.
    var variables: Set<String> = []
    var problems: [String] = []
}

enum Executables {
    /// How each process reads its settings: as its main does.
    private static let readers: [String: @Sendable (inout Settings, inout Reading) -> Void] = [
        "webhook-gateway": { settings, reading in
            compose(&settings, &reading)
            let gateway = GatewayConfiguration(from: &settings)
            reading.listeners["api"] = gateway.apiAddress
            reading.listeners["webhooks"] = gateway.webhooksAddress
        },
        "registry-enumerator": { compose(&$0, &$1) },
        "scanner": { settings, reading in
            compose(&settings, &reading)
            reading.pools = ScannerConfiguration(from: &settings).pools
        },
        "policy-evaluator": { compose(&$0, &$1, opensCredentials: false) },
        "cleanup": { compose(&$0, &$1, opensCredentials: false) },
    ]

    static var services: Set<String> { Set(readers.keys) }

    /// - Parameters:
    ///   - name: of an executable of the package.
    ///   - words: its command line.
    static func read(_ name: String, _ words: [String] = [], environment: [String: String]) -> Reading {
        var reading = Reading()
        if let reader = readers[name] {
            var settings = Settings(environment: environment)
            settings.readFile()
            let runtime = RuntimeConfiguration(from: &settings)
            reading.listeners["operator"] = runtime.operatorAddress
            reading.stopsWithin = runtime.shutdownLimit + ServiceRunner.cancellationLimit
            reader(&settings, &reading)
            reading.variables.formUnion(variables(of: settings))
            do { try settings.finish() } catch { reading.problems = error.problems.map(\.description) }
            if !["", "run"].contains(words.joined(separator: " ")) {
                reading.problems.append("its settings come from the environment, so that its health command has them")
            }
        } else {
            serve(words, &reading)
            reading.variables = [ServerOptions.addressVariable, ServerOptions.tokenVariable]
            // `admin topics` reads those of the services that say where the log is.
            var settings = Settings()
            _ = CompositionConfiguration(from: &settings)
            reading.variables.formUnion(
                variables(of: settings).filter { $0.hasPrefix(SettingEntry.variable("kafka.")) })
        }
        reading.variables.formUnion([KeyRing.environmentName, "http_proxy", "https_proxy", "no_proxy"])
        return reading
    }

    /// Whether the executable takes a command line.
    static func problem(with words: [String], of name: String) -> String? {
        guard readers[name] == nil else {
            return ["", "run", "health", "health --ready", "config check"].contains(words.joined(separator: " "))
                ? nil : "\(name) has no command “\(words.joined(separator: " "))”"
        }
        do {
            _ = try Pratique.parseAsRoot(words)
            return nil
        } catch { return "\(name) has no command “\(words.joined(separator: " "))”: \(Pratique.message(for: error))" }
    }

    private static func compose(_ settings: inout Settings, _ reading: inout Reading, opensCredentials: Bool = true) {
        let composition = CompositionConfiguration(from: &settings, opensCredentials: opensCredentials)
        reading.dataFolder = composition.dataFolder.path(percentEncoded: false)
        reading.keyFile = composition.keyFile.path(percentEncoded: false)
        reading.createsKeys = composition.createsKeys
        reading.opensCredentials = opensCredentials
    }

    private static func serve(_ words: [String], _ reading: inout Reading) {
        guard let command = try? Pratique.parseAsRoot(words) as? ServeCommand else { return }
        reading.stopsWithin = RuntimeConfiguration().shutdownLimit + ServiceRunner.cancellationLimit
        reading.listeners = ["api": command.listen, "webhooks": command.webhooks, "operator": command.operator]
            .compactMapValues { try? ListenAddress($0) }
        reading.dataFolder = command.data
        reading.keyFile = command.keyFile
        reading.createsKeys = true
        reading.opensCredentials = true
    }

    private static func variables(of settings: Settings) -> Set<String> {
        Set(settings.entries.flatMap { $0.isSecret ? [$0.variable, $0.variable + "_FILE"] : [$0.variable] })
    }
}
