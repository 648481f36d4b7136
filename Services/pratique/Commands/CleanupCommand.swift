import ArgumentParser
import GatewayAPI
import Model
import ServiceRuntime

/// `pratique cleanup`: what leaves the catalogue. Nothing in a registry is touched.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup", abstract: "Preview and apply cleanup, and restore what it removed.",
        discussion: """
            Examples:
              pratique cleanup preview demo --keep-newest 5
              pratique cleanup restore demo/team/app:1.4
            """,
        subcommands: [Preview.self, Apply.self, Restore.self])

    struct Rule: ParsableArguments {
        @Argument(help: "The registry's name.") var registry: String
        @Option(help: "How many images of each repository stay, the newest.") var keepNewest: Int
        @Option(help: "Only repositories that match; may be repeated. * is any text.") var repositories: [String] = []

        func validate() throws {
            guard keepNewest >= 1 else { throw ValidationError("--keep-newest is at least 1") }
        }

        func request() throws -> CleanupRequest {
            do {
                return CleanupRequest(
                    registry: try parseRegistry(registry), repositories: try repositories.map { try GlobPattern($0) },
                    keepNewest: keepNewest)
            } catch let error as ParseError {
                throw CommandFailure("bad --repositories", cause: error.description, status: .usage)
            }
        }
    }

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a rule would remove. Nothing is done.",
            discussion: """
                Examples:
                  pratique cleanup preview demo --keep-newest 5
                  pratique cleanup preview demo --keep-newest 1 --repositories 'team/*'
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var rule: Rule

        func run() async throws {
            let answer = try await server.client().run("cleanup/preview", body: rule.request(), title: "previewing")
            try output.write(
                answer, rows: answer.proposals ?? [], name: \.name.text,
                columns: CleanupCommand.columns("WOULD BE REMOVED"))
            CleanupCommand.note(answer, output)
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move what a rule takes now to the trash, from where it can be restored.",
            discussion: """
                Examples:
                  pratique cleanup apply demo --keep-newest 5
                  pratique cleanup apply demo --keep-newest 1 --repositories 'team/*'
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var rule: Rule

        func run() async throws {
            let answer = try await server.client().run("cleanup/apply", body: rule.request(), title: "cleaning up")
            try output.write(
                answer, rows: answer.proposals ?? [], name: \.name.text, columns: CleanupCommand.columns("REMOVED"))
            CleanupCommand.note(answer, output)
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take images back out of the trash.",
            discussion: """
                Examples:
                  pratique cleanup restore demo/team/app:1.4
                  pratique cleanup restore demo/team/app:1.4 demo/team/app:1.3
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "Image names: registry/repository:tag.") var images: [String]

        func run() async throws {
            let request = RestoreRequest(images: try images.map(parseName))
            let answer = try await server.client().run("cleanup/restore", body: request, title: "restoring")
            Output.note(Output.safe(answer.message))
        }
    }

    /// How many they are, and what was left out: images beyond the limit, images that cannot be read. JSON holds it.
    private static func note(_ answer: CommandAnswer, _ output: OutputOptions) {
        if output.format == .table { Output.note(Output.safe(answer.message)) }
    }

    static func columns(_ title: String) -> [Table<CommandAnswer.Proposal>.Column] {
        [.init(title) { $0.name.text }, .init("DIGEST") { $0.digest?.short ?? "-" }, .init("WHY") { $0.evidence }]
    }
}
