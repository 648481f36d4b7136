import ArgumentParser
import Composition
import Foundation
import HTTPPort
import ServiceRuntime

/// Which Pratique a command talks to, and as whom.
struct ServerOptions: ParsableArguments {
    static let addressVariable = "PRATIQUE_SERVER"
    static let tokenVariable = "PRATIQUE_TOKEN"
    static let standardAddress = "http://127.0.0.1:8080"

    @Option(help: "Address of the API (else $\(Self.addressVariable), else \(Self.standardAddress)).")
    var server: String?

    @Option(help: "A file that holds the access token (else $\(Self.tokenVariable)).")
    var tokenFile: String?

    func client(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> APIClient {
        let address = server ?? environment[Self.addressVariable] ?? Self.standardAddress
        let base: WebURL
        do { base = try WebURL(address) } catch {
            throw CommandFailure("cannot use the server address “\(address)”", cause: "\(error)", status: .usage)
        }
        return APIClient(
            base: base, token: try token(environment), transport: try Composition.commandTransport(environment))
    }

    private func token(_ environment: [String: String]) throws -> String {
        if let tokenFile {
            guard let bytes = FileManager.default.contents(atPath: tokenFile), bytes.count <= 4096 else {
                throw CommandFailure(
                    "cannot read the token file \(tokenFile)", advice: "check the path and its mode", status: .usage)
            }
            return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let token = environment[Self.tokenVariable], !token.isEmpty else {
            throw CommandFailure(
                "no access token given",
                advice:
                    "set $\(Self.tokenVariable), or --token-file FILE (`pratique serve` writes the first one to DATA/admin-token)",
                status: .usage)
        }
        return token
    }
}
