import ArgumentParser
import Foundation
import GatewayAPI
import HTTPPort
import Model

/// `pratique advisories`: what is known about flaws.
struct AdvisoriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advisories", abstract: "Import advisories and see what they cover.",
        discussion: """
            Examples:
              pratique advisories import ./osv
              pratique advisories status
            """,
        subcommands: [Import.self, Status.self, Activate.self], defaultSubcommand: Status.self)

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import OSV all.zip files as a new generation.",
            discussion: """
                A folder is read on the machine where the policy evaluator runs.

                Examples:
                  pratique advisories import ./osv
                  pratique advisories import https://mirror.example.com/osv/Debian/all.zip
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "A folder with all.zip files below it, or the address of one.") var origin: String

        private var isAddress: Bool { origin.contains("://") }

        func validate() throws {
            guard isAddress else { return }
            do { _ = try WebURL(origin) } catch { throw ValidationError("\(error)") }
        }

        func run() async throws {
            let place = isAddress ? origin : URL(fileURLWithPath: origin).standardizedFileURL.path
            let answer = try await server.client().run(
                "advisories/import", body: ImportRequest(origin: place), title: "importing advisories")
            try output.write(answer, rows: [answer], name: \.message, columns: [.init("IMPORT") { $0.message }])
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the generation in force and what it covers.",
            discussion: """
                Examples:
                  pratique advisories status
                  pratique advisories status --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let status = try await server.client().get("advisories/status", as: AdvisoryStatus.self)
            guard let active = status.active else {
                if output.format == .json { return Output.data(try JSONFormat.encode(status, pretty: true)) }
                return Output.note("no advisories imported yet: pratique advisories import FOLDER")
            }
            try output.write(
                status, rows: [active], name: { String($0.number) },
                columns: [
                    .init("GENERATION") { String($0.number) }, .init("IMPORTED") { $0.importedAt.rfc3339 },
                    .init("ADVISORIES") { String($0.advisories) }, .init("CHANGED") { String($0.changed) },
                    .init("COVERS") { $0.coverage.joined(separator: " ") },
                ])
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put an earlier generation in force again.",
            discussion: """
                Examples:
                  pratique advisories activate 3
                  pratique advisories activate 2
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The generation's number.") var generation: Int

        func run() async throws {
            let answer = try await server.client().run(
                "advisories/activate", body: ActivateRequest(generation: generation),
                title: "activating generation \(generation)")
            try output.write(answer, rows: [answer], name: \.message, columns: [.init("ACTIVATION") { $0.message }])
        }
    }
}
