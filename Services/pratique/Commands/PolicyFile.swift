import Foundation
import GatewayAPI
import Model
import ServiceRuntime
import Yams

/// Reads a policy from YAML, of which JSON is a part (`docs/reference/policies.md`).
enum PolicyFile {
    static let bytesMax = 1 << 20

    static func read(_ path: String) throws -> PolicyRequest {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("cannot read the policy file \(path)", advice: "check the path", status: .usage)
        }
        guard bytes.count <= bytesMax else {
            throw CommandFailure("the policy file \(path) has more than \(bytesMax) bytes", status: .usage)
        }
        let request: PolicyRequest
        let unknown: UnknownField?
        do {
            request = try YAMLDecoder().decode(PolicyRequest.self, from: bytes)
            let given = try Yams.load(yaml: String(decoding: bytes, as: UTF8.self))
            unknown = try given.flatMap { try UnknownField.first(in: $0, readAs: request, passesNulls: true) }
        } catch { throw unusable(path, explain(error)) }
        // A misspelt `scope` would make it a policy for everything.
        if let unknown { throw unusable(path, "there is no field “\(Output.safe(unknown.path))”") }
        return request
    }

    private static func unusable(_ path: String, _ cause: String) -> CommandFailure {
        CommandFailure(
            "the policy file \(path) cannot be used", cause: cause, advice: "see docs/reference/policies.md",
            status: .usage)
    }

    /// For a scan without a server: the policy as version 1.
    static func policy(_ request: PolicyRequest) -> Policy {
        Policy(
            id: request.id, version: 1, name: request.name, description: request.description,
            scope: request.scope ?? .init(),
            controls: request.controls, enabled: request.enabled ?? true)
    }

    private static func explain(_ error: any Error) -> String {
        if let error = error as? YamlError { return Output.safe("\(error)") }
        return JSONFormat.explain(error)
    }
}
