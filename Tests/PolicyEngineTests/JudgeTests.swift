import Foundation
import Model
import PolicyEngine
import Testing

@Suite("Judging")
struct JudgeTests {
    private let gap = Undetermined(what: "advisories for debian 12", reason: "no data")

    private func subject(_ registry: String, _ repository: String) throws -> PolicySubject {
        .image(registry: try RegistryName(registry), repository: try RepositoryName(repository))
    }

    @Test("what is unknown makes a verdict undetermined, never compliant")
    func unknown() throws {
        let policies = [try Samples.policy([.notRoot, .maximumSeverity(.init(severity: .high))])]
        let cases: [(Inventory, MatchResult?)] = [
            (Samples.inventory(undetermined: [gap]), Samples.match()),
            (Samples.inventory(), Samples.match(undetermined: [gap])),
            (Samples.inventory(), nil),
        ]
        for (inventory, match) in cases {
            let verdict = Judge.judge(
                .unnamed, inventory: inventory, match: match, policies: policies, now: Samples.now)
            #expect(verdict.outcome == .undetermined)
            #expect(verdict.controls.map(\.outcome) == [.passed, .undetermined])
            #expect(verdict.undetermined.count == 1)
        }
    }

    @Test("a certain failure outweighs what is unknown")
    func failure() throws {
        let verdict = Judge.judge(
            .unnamed, inventory: Samples.inventory(user: "root", undetermined: [gap]), match: nil,
            policies: [try Samples.policy([.notRoot])], now: Samples.now)
        #expect(verdict.outcome == .nonCompliant)
        #expect(verdict.undetermined.contains(gap))
    }

    @Test("no inventory is undetermined with the reason given")
    func noInventory() throws {
        let reason = Undetermined(what: "inventory", reason: "the registry answered 401")
        let verdict = Judge.judge(
            .unnamed, digest: Samples.digest, inventory: nil, match: nil, policies: [try Samples.policy([.notRoot])],
            now: Samples.now, missing: [reason])
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.undetermined == [reason])
        #expect(verdict.controls[0].reasons == ["inventory: the registry answered 401."])
        #expect(verdict.inputs.digest == Samples.digest)
        let silent = Judge.judge(.unnamed, inventory: nil, match: nil, policies: [.standard], now: Samples.now)
        #expect(silent.undetermined.map(\.what) == ["inventory"])
    }

    @Test("an image in scope of no policy is undetermined: no policy")
    func noPolicy() throws {
        let policies = [
            try Samples.policy([.notRoot], id: "other", scope: .init(registries: ["prod*"])),
            try Samples.policy([.notRoot], id: "off", enabled: false),
        ]
        let verdict = Judge.judge(
            try subject("test", "team/app"), inventory: Samples.inventory(), match: Samples.match(), policies: policies,
            now: Samples.now)
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.undetermined == [Undetermined(what: "policy", reason: "no policy")])
        #expect(verdict.inputs.policies.isEmpty)
    }

    @Test("scopes choose by registry and repository; an unnamed image takes every enabled policy")
    func scopes() throws {
        let policies = [
            try Samples.policy([.notRoot], id: "a", scope: .init(registries: ["prod"], repositories: ["team/*"])),
            try Samples.policy([.notRoot], id: "b", scope: .init(repositories: ["other/*"])),
            try Samples.policy([.notRoot], id: "c"),
        ]
        func ids(_ subject: PolicySubject) -> [String] {
            Judge.judge(
                subject, inventory: Samples.inventory(), match: Samples.match(), policies: policies, now: Samples.now
            )
            .inputs.policies
        }
        #expect(ids(try subject("prod", "team/app")) == ["a@2", "c@2"])
        #expect(ids(try subject("test", "team/app")) == ["c@2"])
        #expect(ids(try subject("test", "other/app")) == ["b@2", "c@2"])
        #expect(ids(.unnamed) == ["a@2", "b@2", "c@2"])
    }

    @Test("the inputs name everything that was used")
    func inputs() throws {
        let verdict = Judge.judge(
            .unnamed, inventory: Samples.inventory(), match: Samples.match(), policies: [.standard], now: Samples.now)
        #expect(
            verdict.inputs
                == .init(
                    digest: Samples.digest, analyserVersion: "3", generation: 7, policies: ["standard@1"],
                    now: Samples.now))
        #expect(verdict.outcome == .compliant)
    }

    @Test("the same inputs in any order give the same bytes")
    func deterministic() throws {
        let findings = (0..<30).map {
            Samples.finding("A-\($0)", [.critical, .low, .unknown][$0 % 3], on: "p\($0 % 4)")
        }
        let policies = try (0..<5).map {
            try Samples.policy([.maximumSeverity(.init(severity: .low)), .notRoot], id: "p\($0)")
        }
        let unknown = (0..<5).map { Undetermined(what: "layer \($0)", reason: "damaged") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        func bytes(_ findings: [Finding], _ policies: [Policy], _ unknown: [Undetermined]) throws -> Data {
            try encoder.encode(
                Judge.judge(
                    .unnamed, inventory: Samples.inventory(undetermined: unknown), match: Samples.match(findings),
                    policies: policies, now: Samples.now))
        }
        let one = try bytes(findings, policies, unknown)
        for _ in 0..<10 { #expect(try bytes(findings.shuffled(), policies.shuffled(), unknown.shuffled()) == one) }
    }
}
