import Model
import PolicyEngine
import Testing

@Suite("What each control says")
struct ControlTests {
    private func judge(_ control: Control, _ inventory: Inventory, _ match: MatchResult? = Samples.match()) throws
        -> Verdict
    {
        let verdict = Judge.judge(
            .unnamed, inventory: inventory, match: match, policies: [try Samples.policy([control])], now: Samples.now)
        #expect(verdict.controls.count == 1)
        return verdict
    }

    @Test("a finding above the maximum fails, one at it passes")
    func maximumSeverity() throws {
        let control = Control.maximumSeverity(.init(severity: .high))
        let over = try judge(
            control, Samples.inventory(), Samples.match([Samples.finding("A", .critical), Samples.finding("B", .low)]))
        #expect(over.outcome == .nonCompliant)
        #expect(over.controls[0].outcome == .failed)
        #expect(over.controls[0].reasons == ["openssl 1.0 has A of severity critical; fixed in 2.0."])
        let at = try judge(control, Samples.inventory(), Samples.match([Samples.finding("A", .high)]))
        #expect(at.outcome == .compliant)
        #expect(at.controls[0].reasons.isEmpty)
    }

    @Test("a finding of unknown severity makes it undetermined, unless another fails for certain")
    func unknownSeverity() throws {
        let control = Control.maximumSeverity(.init(severity: .medium))
        let unknown = Samples.finding("A", .unknown, fix: nil)
        let alone = try judge(control, Samples.inventory(), Samples.match([unknown]))
        #expect(alone.outcome == .undetermined)
        #expect(alone.controls[0].reasons == ["openssl 1.0 has A of unknown severity; no fix is known."])
        let both = try judge(control, Samples.inventory(), Samples.match([unknown, Samples.finding("B", .high)]))
        #expect(both.outcome == .nonCompliant)
        let critical = try judge(
            .maximumSeverity(.init(severity: .critical)), Samples.inventory(), Samples.match([unknown]))
        #expect(critical.outcome == .compliant)
    }

    @Test("onlyFixed leaves findings without a fix out, also those of unknown severity")
    func onlyFixed() throws {
        let control = Control.maximumSeverity(.init(severity: .low, onlyFixed: true))
        let unfixed = [Samples.finding("A", .critical, fix: nil), Samples.finding("B", .unknown, fix: nil)]
        #expect(try judge(control, Samples.inventory(), Samples.match(unfixed)).outcome == .compliant)
        let fixed = try judge(control, Samples.inventory(), Samples.match(unfixed + [Samples.finding("C", .high)]))
        #expect(fixed.controls[0].reasons.count == 1)
        #expect(fixed.outcome == .nonCompliant)
    }

    @Test(
        "an advisory is blocked by id or alias, in any case", arguments: ["DSA-1", "dsa-1", "cve-2099-1", "CVE-2099-1"])
    func blockedAdvisory(id: String) throws {
        let match = Samples.match([Samples.finding("DSA-1", .low, aliases: ["CVE-2099-1"])])
        let verdict = try judge(.blockedAdvisories(.init(ids: ["X-1", id])), Samples.inventory(), match)
        #expect(verdict.outcome == .nonCompliant)
        #expect(verdict.controls[0].reasons.first?.contains("has the blocked advisory") == true)
        #expect(
            try judge(.blockedAdvisories(.init(ids: ["CVE-2099-10"])), Samples.inventory(), match).outcome == .compliant
        )
    }

    @Test("a package is blocked by name glob, type and exact version")
    func blockedPackage() throws {
        let inventory = Samples.inventory(packages: [
            Samples.package("telnetd", "0.17"), Samples.package("left-pad", "1.0", .npm),
        ])
        func outcome(_ pattern: Control.BlockedPackages.Pattern) throws -> Verdict.Outcome {
            try judge(.blockedPackages(.init(packages: [pattern])), inventory).outcome
        }
        #expect(try outcome(.init(name: "telnet*")) == .nonCompliant)
        #expect(try outcome(.init(name: "telnet*", type: .npm)) == .compliant)
        #expect(try outcome(.init(name: "telnetd", versions: ["0.17"])) == .nonCompliant)
        #expect(try outcome(.init(name: "telnetd", versions: ["0.18"])) == .compliant)
    }

    @Test(
        "root in any spelling fails",
        arguments: [("", true), ("root", true), ("0", true), ("0:0", true), ("app", false), ("1000:0", false)])
    func notRoot(user: String, isRoot: Bool) throws {
        let verdict = try judge(.notRoot, Samples.inventory(user: user), Samples.match())
        #expect(verdict.outcome == (isRoot ? .nonCompliant : .compliant))
    }

    @Test("labels must exist and match")
    func labels() throws {
        let control = Control.requiredLabels(.init(labels: ["team": "*", "tier": "gold*"]))
        #expect(try judge(control, Samples.inventory(labels: ["team": "", "tier": "golden"])).outcome == .compliant)
        let bad = try judge(control, Samples.inventory(labels: ["tier": "lead"]))
        #expect(bad.outcome == .nonCompliant)
        #expect(
            bad.controls[0].reasons == [
                "The label “team” is missing.", "The label “tier” is “lead”, which does not match “gold*”.",
            ])
    }

    @Test("a secret anywhere in the image fails, unless its place is excepted; one that was not looked for is unknown")
    func secrets() throws {
        let found = [
            ExposedSecret(kind: "private-key", place: .file, location: "root/id", line: 3, sample: "", isRemoved: true),
            ExposedSecret(kind: "credential-variable", place: .environment, location: "TOKEN", sample: ""),
            ExposedSecret(kind: "npm-token", place: .history, location: "2", sample: ""),
        ]
        func judged(_ secrets: [ExposedSecret]?, except: [GlobPattern] = []) throws -> Verdict {
            var inventory = Samples.inventory()
            inventory.secrets = secrets
            return try judge(.noSecrets(.init(except: except)), inventory)
        }
        #expect(try judged([]).outcome == .compliant)
        #expect(
            try judged(found).controls[0].reasons == [
                "root/id:3 holds a secret (private-key), which a later layer removes but the image still carries.",
                "The variable TOKEN holds a secret (credential-variable).",
                "Line 2 of the history holds a secret (npm-token).",
            ])
        #expect(try judged(found).outcome == .nonCompliant)
        #expect(try judged(found, except: ["root/*", "2", "TOKEN"]).outcome == .compliant)
        #expect(try judged(found, except: ["root/*"]).outcome == .nonCompliant)
        #expect(try judged(nil).outcome == .undetermined)
    }

    @Test(
        "what is no image has no configuration, and a bill of materials no secrets: neither passes",
        arguments: [Inventory.Subject.rootFileSystem, .billOfMaterials])
    func subjects(_ subject: Inventory.Subject) throws {
        var inventory = Samples.inventory(user: "app", labels: ["team": "a"])
        inventory.subject = subject
        inventory.secrets = subject == .rootFileSystem ? [] : nil
        let name = subject == .rootFileSystem ? "a root file system" : "a bill of materials"
        for control in [Control.notRoot, .requiredLabels(.init(labels: ["team": "*"]))] {
            let verdict = try judge(control, inventory)
            #expect(verdict.outcome == .undetermined)
            #expect(verdict.controls[0].reasons == ["configuration: \(name) has none."])
        }
        let secrets = try judge(.noSecrets(.init()), inventory)
        #expect(secrets.outcome == (subject == .rootFileSystem ? .compliant : .undetermined))
    }

    @Test("reasons are bounded and the last one counts the rest")
    func bounded() throws {
        let findings = (0..<50).map { Samples.finding("A-\($0)", .critical) }
        let verdict = try judge(.maximumSeverity(.init(severity: .low)), Samples.inventory(), Samples.match(findings))
        #expect(verdict.controls[0].reasons.count == Verdict.ControlResult.reasonsMax)
        #expect(verdict.controls[0].reasons.last == "And 31 more.")
    }
}
