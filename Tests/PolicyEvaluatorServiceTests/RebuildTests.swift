import Advisories
import EventLogPort
import Events
import Foundation
import Model
import PolicyEvaluatorService
import TestSupport
import Testing

@Suite("The evaluator's view")
struct RebuildTests {
    @Test("a view that was deleted is built again, and nothing is written that was written before")
    func deleted() async throws {
        let fixture = try await EvaluatorFixture()
        let name = "main/team/app:1"
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: name, Fixtures.digest(1))
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            _ = try await fixture.waitForVerdict(name, "a finding") { $0.verdict.outcome == .nonCompliant }
            try await fixture.waitForFullPass(generation: 1)
        }
        let written = try await fixture.verdictsWritten(name)
        let passes = try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
        try fixture.deleteView()
        try await fixture.running {
            try await eventually("another full pass") {
                try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key } > passes
            }
            let reply = try await fixture.command(.activateGeneration(1))
            #expect(reply.message.contains("in force already"))
        }
        #expect(try await fixture.verdictsWritten(name) == written)
    }

    @Test("a generation from before the view was built cannot be had back, and that is said")
    func notKept() async throws {
        let fixture = try await EvaluatorFixture()
        let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")
        let flask = Fixtures.OSV(id: "PYSEC-2", package: "flask", fixed: "1.0")
        try await fixture.running {
            _ = try await fixture.importAdvisories([jinja])
            _ = try await fixture.importAdvisories([jinja, flask])
        }
        try fixture.deleteView()
        try await fixture.running {
            let reply = try await fixture.command(.activateGeneration(1))
            #expect(reply.state == .failed)
            #expect(
                reply.message == "generation 1 is no longer kept; 2 to 2 can be put in force", "\(reply.message)")
            // What comes from here on can.
            _ = try await fixture.importAdvisories([flask])
            let again = try await fixture.command(.activateGeneration(2))
            #expect(again.state == .done, "\(again.message)")
        }
    }

    @Test("over a log that redelivers, delays and revokes, every image ends with its verdict")
    func unkind() async throws {
        let fixture = try await EvaluatorFixture { UnkindEventLog($0, unkindness: .withoutFailures) }
        try await fixture.put(policy: .standard)
        for number in UInt8(1)...5 {
            try await fixture.put(
                inventory: Fixtures.digest(number),
                packages: number.isMultiple(of: 2) ? ["jinja2": "3.1.0"] : ["flask": "3"])
            try await fixture.put(image: "main/team/app:\(number)", Fixtures.digest(number))
        }
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            for number in 1...5 {
                let wanted: Verdict.Outcome = number.isMultiple(of: 2) ? .nonCompliant : .compliant
                _ = try await fixture.waitForVerdict("main/team/app:\(number)", "\(wanted)") {
                    $0.verdict.outcome == wanted
                }
            }
        }
    }

    @Test("no data for an ecosystem is said, and said once whatever the generation")
    func noData() async throws {
        let fixture = try await EvaluatorFixture()
        let name = "main/team/app:1"
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: name, Fixtures.digest(1))
        try await fixture.running {
            let first = Fixtures.OSV(ecosystem: "npm", id: "GHSA-1", package: "a", fixed: "1.0.0")
            _ = try await fixture.importAdvisories([first])
            let verdict = try await fixture.waitForVerdict(name, "the missing data") { verdict in
                verdict.verdict.undetermined.contains { $0.reason == "no data for this ecosystem" }
            }
            #expect(verdict.verdict.outcome == .undetermined)
            try await fixture.waitForFullPass(generation: 1)
            let written = try await fixture.verdictsWritten(name)
            let second = Fixtures.OSV(ecosystem: "npm", id: "GHSA-2", package: "b", fixed: "1.0.0")
            _ = try await fixture.importAdvisories([first, second])
            try await fixture.waitForFullPass(generation: 2)
            // The same inventory again: judged under the new generation.
            let end = try await fixture.records(Topics.verdicts).count
            try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
            var policy = Policy.standard
            policy.description = "another text"
            try await fixture.put(policy: policy)
            try await eventually("a pass") { try await fixture.records(Topics.verdicts).count > end }
            #expect(try await fixture.verdictsWritten(name) == written)
        }
    }

    @Test("what an interrupted import left behind is not in force")
    func interruptedImport() async throws {
        let fixture = try await EvaluatorFixture()
        let name = "main/team/app:1"
        let advisory = Advisory(
            source: "PyPI", id: "PYSEC-9", severity: .critical,
            affected: [
                .init(ecosystem: Ecosystem(record: "PyPI"), package: "jinja2", ranges: [[.init(.introduced, "0")]])
            ])
        let context = EventContext(id: "interrupted", source: "test", time: fixture.time.now())
        _ = try await fixture.log.append([
            try RecordDraft(
                Topics.advisories, key: advisory.key.description, AdvisoryRecord(advisory), context,
                headers: [Header("pratique-generation", "7")])
        ])
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: name, Fixtures.digest(1))
        try await fixture.running {
            _ = try await fixture.waitForVerdict(name, "no advisories") { $0.verdict.outcome == .undetermined }
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "flask", fixed: "1.0")])
            _ = try await fixture.waitForVerdict(name, "compliance") { $0.verdict.outcome == .compliant }
            #expect(try await fixture.latest(Topics.generations, "active", GenerationRecord.self)?.number == 8)
        }
        // Read back from the log, it is the same.
        try fixture.deleteView()
        let written = try await fixture.verdictsWritten(name)
        let passes = try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
        try await fixture.running {
            try await eventually("another full pass") {
                try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key } > passes
            }
        }
        #expect(try await fixture.verdictsWritten(name) == written)
    }

    @Test("the advisory's type is the one in the reference of events")
    func type() { #expect(AdvisoryRecord.eventType == "pratique.advisory") }
}
