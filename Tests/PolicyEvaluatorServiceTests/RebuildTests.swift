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
            // A generation from before the view was built cannot be had back, and that is said.
            let reply = try await fixture.command(.activateGeneration(1))
            #expect(reply.message.contains("in force already"))
        }
        #expect(try await fixture.verdictsWritten(name) == written)
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

    @Test("the advisory's type is the one in the reference of events")
    func type() { #expect(AdvisoryRecord.eventType == "pratique.advisory") }
}
