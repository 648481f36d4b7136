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
        do { return try YAMLDecoder().decode(PolicyRequest.self, from: bytes) } catch {
            throw CommandFailure(
                "the policy file \(path) cannot be used", cause: explain(error),
                advice: "see docs/reference/policies.md",
                status: .usage)
        }
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
