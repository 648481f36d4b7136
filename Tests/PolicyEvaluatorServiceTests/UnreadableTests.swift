import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import PolicyEvaluatorService
import ServiceRuntime
import TestSupport
import Testing

/// A record of the state that cannot be read leaves something unknown of every name: that is said in the verdicts and
/// by readiness, until a newer record of its key comes.
@Suite("A record that cannot be read")
struct UnreadableTests {
    private let app = "main/team/app:1"
    private let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")
    private let flask = Fixtures.OSV(id: "PYSEC-2", package: "flask", fixed: "1.0")

    /// An image without findings, judged once.
    private func judged() async throws -> EvaluatorFixture {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.2.0"])
        try await fixture.put(image: app, Fixtures.digest(1))
        try await fixture.running {
            _ = try await fixture.importAdvisories([jinja, flask])
            _ = try await fixture.waitForVerdict(app, "compliance") { $0.verdict.outcome == .compliant }
            try await fixture.waitForFullPass(generation: 1)
        }
        return fixture
    }

    private func waitForUnknown(_ what: String, _ reason: String, in fixture: EvaluatorFixture) async throws {
        let verdict = try await fixture.waitForVerdict(app, "what is unknown") { record in
            record.verdict.undetermined.contains { $0.what == what && (reason.isEmpty || $0.reason.contains(reason)) }
        }
        #expect(verdict.verdict.outcome == .undetermined)
        try await eventually("readiness says so") {
            fixture.readiness.report.parts[PolicyEvaluatorRunner.name] == .notReady("1 records cannot be read")
        }
    }

    private func waitForKnown(in fixture: EvaluatorFixture) async throws {
        _ = try await fixture.waitForVerdict(app, "compliance") { $0.verdict.outcome == .compliant }
        try await eventually("readiness says so") {
            fixture.readiness.report.parts[PolicyEvaluatorRunner.name] == .ready
        }
    }

    @Test("the verdict of a name that is gone: it goes as well, and nobody is left unready")
    func verdictOfGoneName() async throws {
        let fixture = try await judged()
        let verdict = try #require(try await fixture.verdict(app))
        try await fixture.putUnreadable(Topics.verdicts, app, like: verdict)
        try await fixture.remove(Topics.images, app)
        try await fixture.running {
            try await eventually("the verdict is gone, too") {
                try await fixture.records(Topics.verdicts).last { $0.key == self.app }?.value == nil
            }
            try await eventually("it is ready") {
                fixture.readiness.report.parts[PolicyEvaluatorRunner.name] == .ready
            }
        }
    }

    @Test("which generation is in force: the newest stays so, and the next import ends it", arguments: [true, false])
    func active(isRebuilt: Bool) async throws {
        let fixture = try await judged()
        let record = try #require(
            try await fixture.latest(Topics.generations, GenerationRecord.activeKey, GenerationRecord.self))
        try await fixture.putUnreadable(Topics.generations, GenerationRecord.activeKey, like: record)
        if isRebuilt { try fixture.deleteView() }
        try await fixture.running {
            try await waitForUnknown("advisories", "the generation in force cannot be read", in: fixture)
            let right = Fixtures.OSV(ecosystem: "npm", id: "GHSA-2", package: "right", fixed: "1.0.0")
            let reply = try await fixture.importAdvisories([right])
            #expect(reply.message.hasPrefix("generation 2 is in force: 3 advisories, 1 changed"), "\(reply.message)")
            try await waitForKnown(in: fixture)
        }
    }

    @Test("an advisory: its source's next import ends it, another's does not", arguments: [true, false])
    func advisory(isRebuilt: Bool) async throws {
        let fixture = try await judged()
        let key = "PyPI/PYSEC-2"
        let record = try #require(try await fixture.latest(Topics.advisories, key, AdvisoryRecord.self))
        try await fixture.putUnreadable(Topics.advisories, key, like: record)
        if isRebuilt {
            // So that nothing here knows what it said.
            try await #require(fixture.log as? SQLiteEventLog).compact()
            try fixture.deleteView()
        }
        try await fixture.running {
            try await waitForUnknown("advisories", "1 records cannot be read", in: fixture)
            if isRebuilt {
                let right = Fixtures.OSV(ecosystem: "npm", id: "GHSA-2", package: "right", fixed: "1.0.0")
                #expect(try await fixture.importAdvisories([right]).state == .done)
                try await fixture.waitForFullPass(generation: 2)
                try await waitForUnknown("advisories", "1 records cannot be read", in: fixture)
            }
            let reply = try await fixture.importAdvisories([jinja, flask])
            #expect(reply.state == .done, "\(reply.message)")
            #expect(try await fixture.latest(Topics.advisories, key, AdvisoryRecord.self) == record)
            try await waitForKnown(in: fixture)
        }
    }

    @Test("a policy, also for names that are not in its scope")
    func policy() async throws {
        let fixture = try await judged()
        let policy = Policy(
            id: try PolicyID("others"), version: 1, name: "Others", scope: .init(repositories: ["other/*"]),
            controls: [.notRoot])
        try await fixture.running {
            try await fixture.putUnreadable(Topics.policies, "others", like: PolicyRecord(policy))
            try await waitForUnknown("policy others", "", in: fixture)
            try await fixture.put(policy: policy)
            try await waitForKnown(in: fixture)
        }
    }

    @Test("a generation that is not in force: only readiness says so")
    func generation() async throws {
        let fixture = try await judged()
        let record = try #require(try await fixture.latest(Topics.generations, "1", GenerationRecord.self))
        try await fixture.putUnreadable(Topics.generations, "1", like: record)
        try fixture.deleteView()
        let written = try await fixture.verdictsWritten(app)
        let passes = try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
        try await fixture.running {
            try await eventually("another full pass") {
                try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key } > passes
            }
            #expect(try await fixture.verdictsWritten(app) == written)
            #expect(
                fixture.readiness.report.parts[PolicyEvaluatorRunner.name] == .notReady("1 records cannot be read"))
        }
    }
}
