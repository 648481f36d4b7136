import EventLogPort
import Events
import Foundation
import Model
import TestSupport
import Testing

@Suite("Judging")
struct JudgingTests {
    private let app = "main/team/app:1"
    private let other = "main/other/app:1"
    private let first = Fixtures.digest(1)
    private let second = Fixtures.digest(2)

    @Test("without advisories an image is undetermined and says so, never clean")
    func noAdvisories() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: first, packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: app, first)
        let verdict = try await fixture.running { try await fixture.waitForVerdict(app) }
        #expect(verdict.verdict.outcome == .undetermined)
        #expect(verdict.verdict.undetermined.contains { $0.reason == "no advisories imported" })
        #expect(verdict.digest == first)
    }

    @Test("an import judges images; the same import again writes nothing")
    func importing() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: first, packages: ["jinja2": "3.1.0"])
        try await fixture.put(inventory: second, packages: ["flask": "3.0.0"])
        try await fixture.put(image: app, first)
        try await fixture.put(image: other, second)
        try await fixture.running {
            let advisories = [Fixtures.OSV(id: "PYSEC-1", package: "Jinja2", fixed: "3.1.3")]
            let reply = try await fixture.importAdvisories(advisories)
            #expect(reply.state == .done, "\(reply.message)")
            let bad = try await fixture.waitForVerdict(self.app, "a finding") { $0.verdict.outcome == .nonCompliant }
            #expect(bad.platforms.first?.findings.map(\.advisory) == ["PYSEC-1"])
            #expect(bad.platforms.first?.findings.first?.fixedVersion == "3.1.3")
            _ = try await fixture.waitForVerdict(self.other, "compliance") { $0.verdict.outcome == .compliant }
            try await fixture.waitForFullPass(generation: 1)
            let before = try await fixture.records(Topics.advisories).count
            let again = try await fixture.importAdvisories(advisories)
            #expect(again.message.contains("nothing changed"))
            #expect(try await fixture.records(Topics.advisories).count == before)
            #expect(try await fixture.latest(Topics.generations, "active", GenerationRecord.self)?.number == 1)
        }
    }

    @Test("a policy judges again what is in its scope and writes nothing where nothing changed")
    func policyScope() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        for (name, digest) in [(app, first), (other, second)] {
            try await fixture.put(inventory: digest, packages: ["flask": "3.0.0"])
            try await fixture.put(image: name, digest)
        }
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "1")])
            for name in [self.app, self.other] {
                _ = try await fixture.waitForVerdict(name, "compliance") { $0.verdict.outcome == .compliant }
            }
            let written = try await fixture.verdictsWritten(self.other)
            try await fixture.put(
                policy: Policy(
                    id: try PolicyID("no-flask"), version: 1, name: "No Flask", scope: .init(repositories: ["team/*"]),
                    controls: [.blockedPackages(.init(packages: [.init(name: "flask")]))]))
            _ = try await fixture.waitForVerdict(self.app, "the policy's failure") {
                $0.verdict.outcome == .nonCompliant
            }
            #expect(try await fixture.verdictsWritten(self.other) == written)
        }
    }

    @Test("a later generation changes only the verdicts that it touches, and can be rolled back")
    func deltaAndRollback() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: first, packages: ["jinja2": "3.1.0"])
        try await fixture.put(inventory: second, packages: ["flask": "3.0.0"])
        try await fixture.put(image: app, first)
        try await fixture.put(image: other, second)
        try await fixture.running {
            let flask = Fixtures.OSV(id: "PYSEC-2", package: "flask", fixed: "1.0")
            _ = try await fixture.importAdvisories([flask])
            for name in [self.app, self.other] {
                _ = try await fixture.waitForVerdict(name, "compliance") { $0.verdict.outcome == .compliant }
            }
            try await fixture.waitForFullPass(generation: 1)
            let written = try await fixture.verdictsWritten(self.other)
            let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")
            _ = try await fixture.importAdvisories([flask, jinja])
            _ = try await fixture.waitForVerdict(self.app, "the new finding") { $0.verdict.outcome == .nonCompliant }
            try await fixture.waitForFullPass(generation: 2)
            let back = try await fixture.command(.activateGeneration(1))
            #expect(back.state == .done, "\(back.message)")
            _ = try await fixture.waitForVerdict(self.app, "the roll back") { $0.verdict.outcome == .compliant }
            #expect(try await fixture.verdictsWritten(self.other) == written)
            #expect(try await fixture.command(.activateGeneration(99)).state == .failed)
        }
    }

    @Test("a scan that failed is undetermined with its reason; one that is still to come has no verdict")
    func failedScan() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let failure = Failure(kind: .damaged, message: "layer 3 is cut off", attempt: 1, nextAttemptAt: nil)
        try await fixture.put(
            Topics.scanStatus, first.text,
            ScanStatusRecord(
                digest: first, state: .failed(failure), analyserVersion: "1", name: try ImageName(app), scanner: "s",
                finishedAt: fixture.time.now()))
        try await fixture.put(image: other, second)
        try await fixture.put(image: app, first)
        try await fixture.running {
            let verdict = try await fixture.waitForVerdict(self.app)
            #expect(verdict.verdict.outcome == .undetermined)
            #expect(verdict.verdict.undetermined.contains { $0.reason == "layer 3 is cut off" })
            try await fixture.waitForFullPass(generation: nil)
            #expect(try await fixture.verdict(self.other) == nil)
        }
    }

    @Test("an inventory that cannot be read makes its images undetermined")
    func unreadable() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(image: app, first)
        try await fixture.putUnreadable(
            Topics.inventories, first.text, like: InventoryRecord.platform(Fixtures.inventory(first, [:])))
        let verdict = try await fixture.running { try await fixture.waitForVerdict(app) }
        #expect(verdict.verdict.outcome == .undetermined)
        #expect(verdict.verdict.undetermined.contains { $0.what == "inventory" })
    }

    @Test("an index is undetermined until each platform is judged; then the worst counts")
    func index() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let root = Fixtures.digest(9)
        let arm = try Platform("linux/arm64")
        try await fixture.put(registry: "main", platforms: [.linuxAMD64, arm])
        try await fixture.put(
            Topics.inventories, root.text,
            InventoryRecord.index(
                .init(
                    digest: root,
                    children: [.init(platform: .linuxAMD64, digest: first), .init(platform: arm, digest: second)])))
        try await fixture.put(inventory: first, packages: ["flask": "3.0.0"])
        try await fixture.put(image: app, root)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            let half = try await fixture.waitForVerdict(self.app)
            #expect(half.verdict.outcome == .undetermined)
            try await fixture.put(inventory: self.second, packages: ["jinja2": "3.1.0"])
            let whole = try await fixture.waitForVerdict(self.app, "the worst") { $0.verdict.outcome == .nonCompliant }
            #expect(whole.platforms.count == 2)
            #expect(whole.digest == root)
        }
    }

    @Test("a candidate is judged from its upload, and its verdict ends with it")
    func candidate() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let upload = InventoryRecord.uploadKey(first, uploader: "ci", candidate: "main/team/app:1@\(first)")
        try await fixture.put(
            Topics.inventories, upload, InventoryRecord.platform(Fixtures.inventory(first, ["flask": "3.0.0"])))
        let now = fixture.time.now()
        let candidate = CandidateRecord(
            name: try ImageName(app), digest: first, inventoryKey: upload, register: .never, uploader: "ci",
            createdAt: now,
            expiresAt: now.addingTimeInterval(60))
        try await fixture.put(Topics.candidates, candidate.key, candidate)
        // Another name of that digest, which CI did not register: the upload does not speak for it.
        try await fixture.put(image: other, first)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            _ = try await fixture.waitForVerdict(candidate.key, "compliance") { $0.verdict.outcome == .compliant }
            try await fixture.waitForFullPass(generation: 1)
            #expect(try await fixture.verdict(self.other) == nil)
            try await fixture.remove(Topics.candidates, candidate.key)
            try await eventually("the verdict ends") { try await fixture.verdict(candidate.key) == nil }
        }
    }
}
