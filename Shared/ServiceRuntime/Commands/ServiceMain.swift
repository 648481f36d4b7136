import ArgumentParser
import Foundation
import Logging
import Model

/// The commands of a service's process: `run` (the default), `health` and `config check`.
package enum ServiceMain<Process: ServiceProcess> {
    package static func main() async -> Never {
        await CommandLineMain.run(ServiceCommand<Process>.self)
    }

    /// The same without ending the process.
    package static func status(arguments: [String]) async -> ExitStatus {
        await CommandLineMain.status(of: ServiceCommand<Process>.self, arguments: arguments)
    }
}

/// Everything read from the settings of a process.
struct ProcessSettings<Process: ServiceProcess> {
    let runtime: RuntimeConfiguration
    let process: Process.Configuration
    let settings: Settings

    init(options: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let parsed: [String: String]
        do { parsed = try OptionList.parse(options) } catch {
            throw ConfigurationError([.init(error.text, error.reason)])
        }
        var settings = Settings(options: parsed, environment: environment)
        settings.readFile()
        runtime = RuntimeConfiguration(from: &settings)
        process = Process.configuration(from: &settings)
        self.settings = settings
    }

    /// Every setting with its default and meaning, for `--help`.
    static var reference: String {
        guard let all = try? Self(environment: [:]) else { return "" }
        let lines = all.settings.entries.map { entry in
            let fallback = entry.defaultText.isEmpty ? "" : ", default \(entry.defaultText)"
            return "  \(entry.option), \(entry.variable)\n      \(entry.help) (\(entry.type)\(fallback))"
        }
        return "SETTINGS (the command line wins over the environment, both over the file):\n"
            + lines.joined(separator: "\n")
    }
}

struct ServiceCommand<Process: ServiceProcess>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Process.name, abstract: Process.summary, discussion: ProcessSettings<Process>.reference,
            subcommands: [RunCommand<Process>.self, HealthCommand<Process>.self, ConfigCommand<Process>.self],
            defaultSubcommand: RunCommand<Process>.self)
    }
}

struct RunCommand<Process: ServiceProcess>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "Run until SIGTERM or SIGINT.",
            discussion: ProcessSettings<Process>.reference)
    }

    @Argument(parsing: .allUnrecognized, help: "Settings: --name value or --name=value.")
    var settings: [String] = []

    func run() async throws {
        let all = try ProcessSettings<Process>(options: settings)
        try all.settings.finish()
        Logs.setUp(level: all.runtime.logLevel, format: all.runtime.logFormat)
        PrometheusMetrics.setUp()
        let runtime = Runtime(name: Process.name, logger: Logger(label: Process.name))
        for name in all.settings.unreadVariables {
            runtime.logger.warning("variable is not a setting of this process", metadata: ["variable": "\(name)"])
        }
        runtime.logger.info("starting")
        let services = try await Process.services(all.process, runtime)
        try await ServiceRunner(runtime, configuration: all.runtime).run(services)
    }
}

struct HealthCommand<Process: ServiceProcess>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "health", abstract: "Ask the running process whether it is well: exits 0 or 1.",
            discussion: "EXAMPLES:\n  \(Process.name) health\n  \(Process.name) health --ready")
    }

    @Flag(help: "Ask whether every part is ready, too.")
    var ready = false

    @Argument(parsing: .allUnrecognized, help: "Settings: --operator-listen says where to ask.")
    var settings: [String] = []

    func run() async throws {
        let all = try ProcessSettings<Process>(options: settings)
        try all.settings.finish()
        let address = all.runtime.operatorAddress
        print(try await HealthProbe(address: address).confirm(ready ? .ready : .health))
    }
}

struct ConfigCommand<Process: ServiceProcess>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "config", abstract: "Look at the settings.",
            subcommands: [ConfigCheckCommand<Process>.self])
    }
}

struct ConfigCheckCommand<Process: ServiceProcess>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check",
            abstract: "List every setting, its value and where it came from; exits 2 when one is wrong.")
    }

    @Argument(parsing: .allUnrecognized, help: "Settings: --name value or --name=value.")
    var settings: [String] = []

    func run() throws {
        let all = try ProcessSettings<Process>(options: settings)
        for entry in all.settings.entries {
            print("\(entry.key) = \(entry.shown)  (\(entry.source.description); \(entry.variable))")
        }
        for name in all.settings.unreadVariables {
            StandardError.write("warning: \(name) is not a setting of \(Process.name)")
        }
        try all.settings.finish()
    }
}
