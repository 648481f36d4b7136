import ArgumentParser
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime

/// `pratique dead-letters`: records that could not be handled.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Look at records that could not be handled, and put them back.",
        discussion: """
            Examples:
              pratique dead-letters causes
              pratique dead-letters replay --cause webhook-gateway.intake/gave-up
            """,
        subcommands: [List.self, Causes.self, Replay.self], defaultSubcommand: Causes.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List them, the newest first.",
            discussion: """
                Examples:
                  pratique dead-letters list --cause webhook-gateway.intake/refused
                  pratique dead-letters list --all --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Option(help: "Only those of this cause.") var cause: String?
        @Flag(help: "Also those that were put back.") var all = false

        func run() async throws {
            var query: [(String, String)] = all ? [("all", "true")] : []
            if let cause { query.append(("cause", cause)) }
            let letters = try await server.client().list("dead-letters", query: query, of: DeadLetterSummary.self)
            try output.write(
                letters, rows: letters, name: { String($0.position) },
                columns: [
                    .init("POSITION") { String($0.position) }, .init("AT") { $0.at.rfc3339 },
                    .init("CAUSE") { $0.cause }, .init("KEY") { $0.key },
                    .init("PUT BACK") { $0.replayedAt?.rfc3339 ?? "-" }, .init("REASON") { $0.reason },
                ])
        }
    }

    struct Causes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count the open ones by cause.",
            discussion: """
                Examples:
                  pratique dead-letters causes
                  pratique dead-letters causes --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let causes = try await server.client().list("dead-letters/causes", of: DeadLetterGroup.self)
            try output.write(
                causes, rows: causes, name: \.cause,
                columns: [
                    .init("CAUSE") { $0.cause }, .init("LETTERS") { String($0.letters) },
                    .init("SINCE") { $0.firstAt.rfc3339 }, .init("NEWEST") { $0.newest.reason },
                ])
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put letters back where they came from, the oldest first.",
            discussion: """
                Names letters by their positions or all open ones of a cause, at most 1,000 of them. One that was put
                back before is passed over. Exits 1 when a letter that was named is not put back, or some are left.

                Examples:
                  pratique dead-letters replay 17 18
                  pratique dead-letters replay --cause webhook-gateway.intake/gave-up
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Positions, as `list` shows them.") var positions: [Int64] = []
        @Option(help: "All open ones of this cause.") var cause: String?
        @Flag(help: "Also those that were put back before.") var again = false

        func validate() throws {
            guard positions.isEmpty != (cause == nil) else {
                throw ValidationError("name either positions or --cause")
            }
        }

        func run() async throws {
            let request = ReplayRequest(
                positions: positions.isEmpty ? nil : positions, cause: cause, again: again ? true : nil)
            let answer = try await server.client().send(
                .post, "dead-letters/replay", body: request, wait: .seconds(300), as: ReplayAnswer.self)
            try output.write(
                answer, rows: answer.replayed, name: { String($0) }, columns: [.init("PUT BACK") { String($0) }])
            for passed in answer.passed { Output.note("\(passed.position): \(Output.safe(passed.why))") }
            if answer.left > 0 { Output.note("\(answer.left) of this cause are left") }
            if !answer.passed.isEmpty || answer.left > 0 { throw QuietExit(.failure) }
        }
    }
}
