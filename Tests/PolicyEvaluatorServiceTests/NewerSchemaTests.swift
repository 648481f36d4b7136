import EventLogPort
import Events
import Foundation
import Model
import PolicyEvaluatorService
import ServiceRuntime
import TestSupport
import Testing

@Suite("An evaluator beside a newer version")
struct NewerSchemaTests {
    private let app = "main/team/app:1"

    private func room() async throws -> EvaluatorFixture {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.2.0"])
        try await fixture.put(image: app, Fixtures.digest(1))
        return fixture
    }

    private func unready(_ fixture: EvaluatorFixture) async throws {
        try await eventually("readiness says so") {
            fixture.readiness.report.parts[PolicyEvaluatorRunner.name] == .notReady("1 records cannot be read")
        }
    }

    @Test("a verdict that it wrote is not written over, at the take-over or later", arguments: [true, false])
    func verdict(isEarly: Bool) async throws {
        let fixture = try await room()
        try await fixture.running { _ = try await fixture.waitForVerdict(app) }
        let verdict = try #require(try await fixture.verdict(app))
        if isEarly { try await fixture.putNewer(Topics.verdicts, app, verdict) }
        try await fixture.running {
            if !isEarly { try await fixture.putNewer(Topics.verdicts, app, verdict) }
            try await unready(fixture)
            // It would judge this name; whoever gets the partition now does.
            try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.3.0"])
            try await eventually("it stands back") { fixture.lines.all.contains("this instance stands back") }
        }
        let written = try await fixture.records(Topics.verdicts).filter { $0.key == app }
        #expect(written.last?.header("pratique-schema") == "2")
    }

    @Test("an inventory that it wrote is unknown, not clean; after an upgrade it is read again")
    func inventory() async throws {
        let fixture = try await room()
        let inventory = InventoryRecord.platform(Fixtures.inventory(Fixtures.digest(1), ["jinja2": "3.2.0"]))
        try await fixture.putNewer(Topics.inventories, Fixtures.digest(1).text, inventory)
        try await fixture.running {
            let verdict = try await fixture.waitForVerdict(app) { $0.verdict.outcome == .undetermined }
            #expect(verdict.verdict.undetermined.contains { $0.reason.contains("upgrade this service") })
            try await unready(fixture)
        }
    }

    @Test("a command of a newer schema is parked and said, and the next one is carried out")
    func command() async throws {
        let fixture = try await room()
        let now = fixture.time.now()
        let command = Command(
            id: "newer", action: .activateGeneration(1), actor: "a", issuedAt: now, deadline: now + 600)
        try await fixture.running {
            try await fixture.putNewer(Topics.evaluatorCommands, "advisories", command)
            #expect(try await fixture.command(.activateGeneration(7)).state == .failed)
            let letters = try await fixture.records(Topics.deadLetters)
            #expect(letters.map { $0.header(DeadLetter.needs) } == ["pratique.command 2"])
        }
    }
}
