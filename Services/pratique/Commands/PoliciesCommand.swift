import ArgumentParser
import Foundation
import GatewayAPI
import HTTPPort
import Model

/// `pratique policies`: what is demanded of images.
struct PoliciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "List and set policies.",
        discussion: """
            Examples:
              pratique policies list
              pratique policies set strict.yaml
            """,
        subcommands: [List.self, Show.self, Set.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies in force.",
            discussion: """
                Examples:
                  pratique policies list
                  pratique policies list --quiet
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let policies = try await server.client().list("policies", of: Policy.self)
            try output.write(policies, rows: policies, name: \.id.text, columns: PoliciesCommand.columns)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one policy as JSON, which `policies set` reads.",
            discussion: """
                Examples:
                  pratique policies show standard
                  pratique policies show standard > standard.json
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "The policy's id.") var id: String

        func run() async throws {
            let policy = try await server.client().get("policies/\(id)", as: Policy.self)
            Output.data(try JSONFormat.encode(policy, pretty: true))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create or change a policy from a YAML or JSON file.",
            discussion: """
                Examples:
                  pratique policies set strict.yaml
                  pratique policies set standard.json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The file (docs/reference/policies.md).") var file: String

        func run() async throws {
            let request = try PolicyFile.read(file)
            let policy = try await server.client().send(.put, "policies/\(request.id)", body: request, as: Policy.self)
            try output.write(policy, rows: [policy], name: \.id.text, columns: PoliciesCommand.columns)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a policy.",
            discussion: """
                Examples:
                  pratique policies delete strict
                  pratique policies delete standard
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "The policy's id.") var id: String

        func run() async throws {
            try await server.client().delete("policies/\(id)")
            Output.note("policy \(id) deleted")
        }
    }

    static var columns: [Table<Policy>.Column] {
        [
            .init("POLICY") { $0.id.text }, .init("VERSION") { String($0.version) }, .init("NAME") { $0.name },
            .init("ENABLED") { $0.enabled ? "yes" : "no" },
            .init("CONTROLS") { $0.controls.map(\.type.rawValue).joined(separator: ", ") },
        ]
    }
}
