import ArgumentParser
import GatewayAPI
import HTTPPort
import Model
import SBOM
import ServiceRuntime

/// `pratique images`: what is in the catalogue, with verdicts.
struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "List and register images, and see their verdicts.",
        discussion: """
            Examples:
              pratique images list --status non-compliant
              pratique images register registry.example.com/team/app:1.4
            """,
        subcommands: [List.self, Show.self, Bill.self, Register.self, Rescan.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List images with their verdicts.",
            discussion: """
                Examples:
                  pratique images list --registry demo
                  pratique images list --status undetermined --format json
                  pratique images list --trash
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Option(help: "Only images of this registry.") var registry: String?
        @Option(
            help:
                "Only images with this status: \(ImageSummary.Status.allCases.map(\.rawValue).joined(separator: ", "))."
        )
        var status: String?
        @Option(help: "Only images whose name holds this text.") var matching: String?
        @Flag(help: "Images in the trash, and until when `cleanup restore` can bring them back.") var trash = false

        func validate() throws {
            if let status, ImageSummary.Status(rawValue: status) == nil {
                throw ValidationError("there is no status “\(status)”")
            }
        }

        func run() async throws {
            let filters = [
                ("registry", registry), ("status", status), ("q", matching), ("trash", trash ? "true" : nil),
            ]
            let query = filters.compactMap { pair in pair.1.map { (pair.0, $0) } }
            let images = try await server.client().list("images", query: query, of: ImageSummary.self)
            try output.write(
                images, rows: images, name: \.name.text,
                columns: trash ? ImagesCommand.trashColumns : ImagesCommand.columns)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one image: its verdict, and why.",
            discussion: """
                Examples:
                  pratique images show demo/team/app:1.4
                  pratique images show demo/team/app:1.4 --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The image's name: registry/repository:tag.") var image: String

        func run() async throws {
            let client = try server.client()
            let name = try parseName(image)
            let summary = try await client.get("images/\(name)", as: ImageSummary.self)
            if output.format == .json {
                let reports = try await client.get("images/\(name)/report", as: ScanReports.self)
                return Output.data(try JSONFormat.encode(reports, pretty: true))
            }
            Output.data(Table(columns: ImagesCommand.columns).render([summary]))
            summary.reasons.forEach { Output.data("  " + Output.safe($0)) }
            if let failure = summary.failure {
                Output.data("  " + Output.safe("\(failure.message) (attempt \(failure.attempt))"))
            }
        }
    }

    struct Bill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sbom", abstract: "Write an image's software bill of materials.",
            discussion: """
                Examples:
                  pratique images sbom demo/team/app:1.4 > app.cdx.json
                  pratique images sbom demo/team/app:1.4 --format spdx --platform linux/arm64
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var form: BillOptions
        @Option(help: "The platform, where the image has several.") var platform: String?
        @Argument(help: "The image's name: registry/repository:tag.") var image: String

        func run() async throws {
            let name = try parseName(image)
            let query = [("format", form.format.rawValue)] + (platform.map { [("platform", $0)] } ?? [])
            Output.data(try await server.client().bytes("images/\(name)/sbom", query: query))
        }
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register images: the registry is asked for them, and they are scanned.",
            discussion: """
                Examples:
                  pratique images register registry.example.com/team/app:1.4
                  pratique images register demo/team/app:1.4 demo/team/web:2
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Image references, or names of the form registry/repository:tag.") var images: [String]

        func run() async throws {
            let answer = try await server.client().send(
                .post, "images", body: RegistrationRequest(images: images), as: RegistrationAnswer.self)
            try output.write(answer, rows: answer.images, name: \.text, columns: [.init("REGISTERED") { $0.text }])
        }
    }

    struct Rescan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask the registry again for an image, and scan what changed.",
            discussion: """
                Examples:
                  pratique images rescan demo/team/app:1.4
                  pratique images rescan demo/team/web:2 --quiet
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The image's name: registry/repository:tag.") var image: String

        func run() async throws {
            let name = try parseName(image)
            let answer = try await server.client().send(.post, "images/\(name)/rescan", as: RegistrationAnswer.self)
            try output.write(
                answer, rows: answer.images, name: \.text, columns: [.init("RESCAN REQUESTED") { $0.text }])
        }
    }

    static var trashColumns: [Table<ImageSummary>.Column] {
        [
            .init("IMAGE") { $0.name.text }, .init("DIGEST") { $0.digest?.short ?? "-" },
            .init("RESTORABLE UNTIL") { $0.restorableUntil?.rfc3339 ?? "-" },
        ]
    }

    static var columns: [Table<ImageSummary>.Column] {
        [
            .init("IMAGE") { $0.name.text },
            .init("DIGEST") { $0.digest?.short ?? "-" },
            .init("STATUS") { $0.status.rawValue },
            .init("CRITICAL") { String($0.counts.critical) },
            .init("HIGH") { String($0.counts.high) },
            .init("PACKAGES") { String($0.packages) },
            .init("REASON") { $0.reasons.first ?? $0.failure?.message ?? "" },
        ]
    }
}

/// A name from the command line; a bad one is a usage error that says what was wrong.
func parseName(_ text: String) throws -> ImageName {
    do { return try ImageName(text) } catch {
        throw CommandFailure(
            "“\(Output.safe(text))” is no image name", cause: error.description,
            advice: "registry/repository:tag, as `pratique images` lists it",
            status: .usage)
    }
}

func parseRegistry(_ text: String) throws -> RegistryName {
    do { return try RegistryName(text) } catch {
        throw CommandFailure("“\(Output.safe(text))” is no registry name", cause: error.description, status: .usage)
    }
}
