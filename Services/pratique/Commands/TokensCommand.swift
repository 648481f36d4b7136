import ArgumentParser
import GatewayAPI
import HTTPPort
import Model

/// `pratique tokens`: who may use the API.
struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Create, list and revoke access tokens.",
        discussion: """
            Examples:
              pratique tokens create pipeline --role ci
              pratique tokens revoke 3f9c1a
            """,
        subcommands: [List.self, Create.self, Revoke.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List access tokens; their texts are not kept.",
            discussion: """
                Examples:
                  pratique tokens list
                  pratique tokens list --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tokens = try await server.client().list("tokens", of: TokenSummary.self)
            try output.write(
                tokens, rows: tokens, name: \.id,
                columns: [
                    .init("ID") { $0.id }, .init("NAME") { $0.name }, .init("ROLE") { $0.role },
                    .init("EXPIRES") { $0.expiresAt?.rfc3339 ?? "never" },
                ])
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token. Its text is shown once.",
            discussion: """
                Examples:
                  pratique tokens create pipeline --role ci
                  pratique tokens create auditor --role viewer --expires-in-days 30
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "What it is for.") var name: String
        @Option(help: "admin, operator, ci or viewer.") var role: String
        @Option(help: "After how many days it expires.") var expiresInDays: Int?

        func run() async throws {
            let request = TokenRequest(name: name, role: role, expiresInDays: expiresInDays)
            let token = try await server.client().send(.post, "tokens", body: request, as: NewToken.self)
            Output.note("token \(token.id) created; its text is shown only now:")
            Output.data(token.token)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token at once.",
            discussion: """
                Examples:
                  pratique tokens revoke 3f9c1a
                  pratique tokens revoke 77ab02
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "The token's id.") var id: String

        func run() async throws {
            try await server.client().delete("tokens/\(id)")
            Output.note("token \(id) revoked")
        }
    }
}
