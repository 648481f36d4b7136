import Foundation
import GatewayAPI
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import PratiqueCommands

@Suite("A policy file")
struct PolicyFileTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func path(_ text: String) throws -> String {
        let file = folder.file("policy.yaml")
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// The failure that reading the text ends with.
    private func failure(_ text: String) throws -> CommandFailure {
        let path = try path(text)
        return try #require(throws: CommandFailure.self) { try PolicyFile.read(path) }
    }

    @Test("may be YAML")
    func yaml() throws {
        let path = try path(
            """
            id: strict
            name: Strict
            scope:
              registries: ["prod-*"]
            controls:
              - type: maximum-severity
                severity: medium
              - type: not-root
            """)
        let policy = PolicyFile.policy(try PolicyFile.read(path))
        #expect(policy.id.text == "strict")
        #expect(policy.version == 1)
        #expect(policy.enabled)
        #expect(policy.scope.registries.map(\.text) == ["prod-*"])
        #expect(policy.scope.repositories.isEmpty)
        #expect(policy.controls.map(\.type.rawValue) == ["maximum-severity", "not-root"])
    }

    @Test(
        "names no field that there is not: a misspelt scope would mean everything",
        arguments: [
            ("scop:\n  registries: [\"prod-*\"]", "scop"), ("scope:\n  registry: [\"prod-*\"]", "scope.registry"),
            ("description:\nscpoe:\n  registries: [\"prod-*\"]", "scpoe"),
        ])
    func misspelt(lines: String, field: String) throws {
        let failure = try failure("id: strict\nname: Strict\n\(lines)\ncontrols:\n  - type: not-root\n")
        #expect(failure.reason?.contains("“\(field)”") == true)
        #expect(failure.exitStatus == .usage)
    }

    @Test("may be JSON, also what `policies show` prints")
    func json() throws {
        let shown = try JSONFormat.encode(Policy.standard, pretty: true)
        let policy = PolicyFile.policy(try PolicyFile.read(try path(String(decoding: shown, as: UTF8.self))))
        #expect(policy == Policy.standard)
    }

    @Test("may be the example of the documentation")
    func documented() throws {
        let page = try ReferencePage("docs/reference/policies.md")
        let example = try #require(page.text.firstMatch(of: /```yaml\n([\s\S]*?)```/)?.1)
        let policy = try PolicyFile.read(try path(String(example)))
        #expect(Set(policy.controls.map(\.type)) == Set(ControlType.allCases))
    }

    @Test(
        "that says something else is refused as a usage error with the reason",
        arguments: [
            "", "just words", "id: [", "id: strict", "id: Not A Slug\nname: x\ncontrols: []",
            "id: strict\nname: Strict\ncontrols:\n  - type: no-such-control",
            "id: strict\nname: Strict\ncontrols:\n  - type: maximum-severity\n    severity: awful",
            "id: strict\nname: Strict\ncontrols: none",
        ])
    func refused(_ text: String) throws {
        let failure = try failure(text)
        #expect(failure.exitStatus == .usage)
        #expect(failure.reason?.isEmpty == false)
        #expect(failure.advice?.contains("docs/reference/policies.md") == true)
    }

    @Test("above the limit is refused")
    func large() throws {
        let failure = try failure("# " + String(repeating: "x", count: PolicyFile.bytesMax))
        #expect(failure.exitStatus == .usage)
        #expect(failure.summary.contains("\(PolicyFile.bytesMax) bytes"))
    }

    @Test("that is not there is a usage error")
    func missing() throws {
        let path = folder.file("nothing.yaml").path
        let failure = try #require(throws: CommandFailure.self) { try PolicyFile.read(path) }
        #expect(failure.exitStatus == .usage)
        #expect(failure.summary.contains(path))
    }
}
