import ArgumentParser
import Foundation
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime

/// `pratique registries`: the sources of images.
struct RegistriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registries", abstract: "Connect registries, test them, and list their images.",
        discussion: """
            Examples:
              pratique registries create demo --url http://127.0.0.1:5000
              pratique registries enumerate demo
            """,
        subcommands: [List.self, Create.self, Delete.self, Test.self, Enumerate.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the configured registries.",
            discussion: """
                Examples:
                  pratique registries list
                  pratique registries list --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let registries = try await server.client().list("registries", of: RegistrySummary.self)
            try output.write(registries, rows: registries, name: \.name.text, columns: RegistriesCommand.columns)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect a registry.",
            discussion: """
                Secrets come from files, never from the command line, where other users could read them.

                Examples:
                  pratique registries create demo --url http://127.0.0.1:5000 --webhook-secret-file secret
                  pratique registries create hub --url https://docker.io --user robot --password-file password --daily-at 03:00
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "Its name: a-z, 0-9 and -.") var name: String
        @Option(help: "Scheme, host and port, with a path prefix where it has one.") var url: String
        @Option(help: "Another host (with path prefix) under which people name it; may be repeated.") var alias:
            [String] = []
        @Option(help: "User for the registry.") var user: String?
        @Option(help: "A file that holds the password or token.") var passwordFile: String?
        @Option(help: "The header that its webhooks carry the secret in.") var webhookHeader = "Authorization"
        @Option(help: "A file that holds the whole value of that header.") var webhookSecretFile: String?
        @Option(help: "List its images daily at this time (HH:MM).") var dailyAt: String?
        @Option(help: "Scan its images again daily at this time (HH:MM).") var rescanAt: String?
        @Option(help: "Time zone of both times, such as Europe/Berlin.") var timeZone = "UTC"
        @Option(help: "Only repositories that match; may be repeated. * is any text.") var repositories: [String] = []
        @Option(help: "A platform to scan, such as linux/arm64; may be repeated.") var platform: [String] = []
        @Option(help: "A PEM file of certificate authorities, on the services' machines.") var caFile: String?
        @Flag(help: "Do not check the registry's certificate.") var skipTLSVerification = false
        @Option(help: "A PEM file with our certificate for it, on the services' machines.") var clientCertificateFile:
            String?
        @Option(help: "The key of that certificate, on the services' machines.") var clientKeyFile: String?

        func validate() throws {
            if (user == nil) != (passwordFile == nil) {
                throw ValidationError("--user and --password-file go together")
            }
            if (clientCertificateFile == nil) != (clientKeyFile == nil) {
                throw ValidationError("--client-certificate-file and --client-key-file go together")
            }
        }

        func run() async throws {
            let request = try self.request()
            let summary = try await server.client().send(.post, "registries", body: request, as: RegistrySummary.self)
            try output.write(summary, rows: [summary], name: \.name.text, columns: RegistriesCommand.columns)
        }

        private func request() throws -> RegistryRequest {
            var request = RegistryRequest(name: try parseRegistry(name), url: url)
            request.aliases = alias
            request.enumeration = try dailyAt.map { Schedule(at: try Self.time($0), timeZone: timeZone) }
            request.rescan = try rescanAt.map { Schedule(at: try Self.time($0), timeZone: timeZone) }
            if !platform.isEmpty { request.platforms = platform }
            request.caFile = caFile
            request.skipTLSVerification = skipTLSVerification
            request.clientCertificateFile = clientCertificateFile
            request.clientKeyFile = clientKeyFile
            if !repositories.isEmpty {
                do {
                    request.filter = ImageFilter(includeRepositories: try repositories.map { try GlobPattern($0) })
                } catch {
                    throw CommandFailure("bad --repositories", cause: "\(error)", status: .usage)
                }
            }
            if let webhookSecretFile {
                request.webhook = .init(header: webhookHeader, value: try readSecret(webhookSecretFile))
            }
            if let user, let passwordFile {
                request.credential = .init(username: user, password: try readSecret(passwordFile))
            }
            return request
        }

        private static func time(_ text: String) throws -> TimeOfDay {
            do { return try TimeOfDay(text) } catch {
                throw CommandFailure(
                    "“\(Output.safe(text))” is no time of day", cause: error.description, status: .usage)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disconnect a registry; its images go to the trash.",
            discussion: """
                Examples:
                  pratique registries delete demo
                  pratique registries delete hub
                """)
        @OptionGroup var server: ServerOptions
        @Argument(help: "The registry's name.") var name: String

        func run() async throws {
            try await server.client().delete("registries/\(try parseRegistry(name))")
            Output.note("registry \(name) deleted")
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Test the connection and the credentials.",
            discussion: """
                Examples:
                  pratique registries test demo
                  pratique registries test hub --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The registry's name.") var name: String

        func run() async throws {
            let answer = try await server.client().send(
                .post, "registries/\(try parseRegistry(name))/test", wait: .seconds(60), as: ConnectionTestAnswer.self)
            try output.write(
                answer, rows: [answer], name: \.message,
                columns: [
                    .init("REACHABLE") { $0.reachable ? "yes" : "no" },
                    .init("AUTHENTICATED") { $0.authenticated ? "yes" : "no" },
                    .init("MESSAGE") { $0.message },
                ])
            if !answer.reachable || !answer.authenticated { throw QuietExit(.failure) }
        }
    }

    struct Enumerate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the registry's images now. Exits 1 when the listing is not complete.",
            discussion: """
                Examples:
                  pratique registries enumerate demo
                  pratique registries enumerate hub --format json
                """)
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The registry's name.") var name: String

        func run() async throws {
            let path = "registries/\(try parseRegistry(name))/enumerate"
            let answer = try await server.client().run(
                path, body: nil, title: "enumerating \(name)", counted: "repositories")
            try output.write(answer, rows: [answer], name: \.message, columns: [.init("ENUMERATION") { $0.message }])
            if answer.complete == false {
                Output.note("the listing is not complete: \(Output.safe(answer.message))")
                throw QuietExit(.failure)
            }
        }
    }

    static var columns: [Table<RegistrySummary>.Column] {
        [
            .init("REGISTRY") { $0.name.text }, .init("URL") { $0.url }, .init("IMAGES") { String($0.images) },
            .init("CREDENTIALS") { $0.credentialSet ? "set" : "none" }, .init("WEBHOOK") { $0.webhookHeader ?? "none" },
            .init("ENUMERATED") { $0.enumeration.map { "daily at \($0.at) \($0.timeZone)" } ?? "on demand" },
        ]
    }
}

/// A secret from a file, without its last line break.
func readSecret(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path), !bytes.isEmpty, bytes.count <= 64 << 10 else {
        throw CommandFailure(
            "cannot read a secret from \(path)", advice: "check the path; the file has 1 byte to 64 KiB", status: .usage
        )
    }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
}
