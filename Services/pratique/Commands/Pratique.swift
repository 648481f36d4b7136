package import ArgumentParser
import ServiceRuntime

/// `pratique`: every command, one file each.
package struct Pratique: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pratique", abstract: "Know every container image in your registries, and keep it judged.",
        discussion: """
            Exit codes: 0 passed, 1 could not complete or undetermined, 2 usage, 4 policy failed.

            Examples:
              pratique serve --data ./pratique-data
              pratique scan oci:./image --offline --advisories ./osv
            """,
        subcommands: [
            ServeCommand.self, ScanCommand.self, SBOMCommand.self, ImagesCommand.self, RegistriesCommand.self,
            PoliciesCommand.self,
            AdvisoriesCommand.self, CleanupCommand.self, TokensCommand.self, DeadLettersCommand.self,
            AdminCommand.self, HealthCommand.self,
        ])

    package init() {}

    package static func main() async -> Never { await CommandLineMain.run(Self.self) }
}
