import Foundation
import Model
import Testing

@Suite("Controls as JSON")
struct ControlTests {
    static let controls: [Control] = [
        .maximumSeverity(.init(severity: .high, onlyFixed: true)), .blockedAdvisories(.init(ids: ["CVE-1"])),
        .blockedPackages(.init(packages: [.init(name: "telnet*", type: .deb, versions: ["1"])])), .notRoot,
        .requiredLabels(.init(labels: ["team": "*"])), .noSecrets(.init(except: ["srv/fixtures/*"])),
    ]

    @Test("every control survives JSON, with its type beside its settings", arguments: controls)
    func roundTrip(control: Control) throws {
        let data = try JSONEncoder().encode(control)
        #expect(try JSONDecoder().decode(Control.self, from: data) == control)
        #expect(String(decoding: data, as: UTF8.self).contains("\"type\":\"\(control.type.rawValue)\""))
    }

    @Test("every type of control is in the table")
    func complete() {
        #expect(Set(Self.controls.map(\.type)) == Set(ControlType.allCases))
    }

    @Test("settings that may be left out have defaults")
    func defaults() throws {
        func decode(_ json: String) throws -> Control { try JSONDecoder().decode(Control.self, from: Data(json.utf8)) }
        #expect(
            try decode(#"{"type": "maximum-severity", "severity": "low"}"#) == .maximumSeverity(.init(severity: .low)))
        #expect(
            try decode(#"{"type": "blocked-packages", "packages": [{"name": "a"}]}"#)
                == .blockedPackages(.init(packages: [.init(name: "a")])))
        #expect(try decode(#"{"type": "not-root"}"#) == .notRoot)
        #expect(try decode(#"{"type": "no-secrets"}"#) == .noSecrets(.init()))
    }

    @Test(
        "what is no control is refused",
        arguments: [
            "{}", #"{"type": "no-such-control"}"#, #"{"type": "maximum-severity"}"#,
            #"{"type": "maximum-severity", "severity": "awful"}"#,
            #"{"type": "blocked-packages", "packages": [{"name": ""}]}"#,
            #"{"type": "required-labels", "labels": ["a"]}"#,
        ])
    func refused(json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Control.self, from: Data(json.utf8)) }
    }

    @Test("policies and verdicts survive JSON")
    func policies() throws {
        #expect(try JSONDecoder().decode(Policy.self, from: JSONEncoder().encode(Policy.standard)) == .standard)
    }

    @Test("the worst outcome is non-compliant, then undetermined, then compliant")
    func worst() {
        #expect(Verdict.Outcome.worst([.compliant, .undetermined, .nonCompliant]) == .nonCompliant)
        #expect(Verdict.Outcome.worst([.compliant, .undetermined]) == .undetermined)
        #expect(Verdict.Outcome.worst([.compliant]) == .compliant)
        #expect(Verdict.Outcome.worst([]) == nil)
    }

    @Test("severities are ordered, unknown below all")
    func severities() {
        #expect(Severity.allCases.sorted() == [.unknown, .negligible, .low, .medium, .high, .critical])
    }
}
