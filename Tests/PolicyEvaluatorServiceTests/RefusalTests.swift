import EventLogPort
import Events
import Foundation
import GRDB
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import PolicyEvaluatorService

@Suite("A name that cannot be judged")
struct RefusalTests {
    private func inputs(_ value: String) -> JudgingInputs {
        let digest = Fixtures.digest(1).text
        var inputs = JudgingInputs(key: "main/team/app:1")
        inputs.name = .init(name: inputs.key, digest: digest, event: "e", traceparent: nil)
        let stored = StoredValue(value: Data(value.utf8), form: "ce_type=\(InventoryRecord.eventType)")
        inputs.inventory = .init(key: digest, position: 0, isIndex: false, value: stored, error: nil)
        return inputs
    }

    private var judge: NameJudge {
        NameJudge(
            set: nil, policies: [.standard], problems: [], cache: MatchCache(capacity: 1),
            now: Date(timeIntervalSince1970: 1_750_000_000))
    }

    @Test("is undetermined with the error as the reason, and written once")
    func refused() throws {
        var inputs = inputs("{")
        let error = try #require(throws: EventError.self) { try judge.judge(inputs) }
        guard case .write(let record) = try judge.refuse(inputs, because: error) else {
            Issue.record("nothing is written")
            return
        }
        #expect(record.verdict.outcome == .undetermined)
        #expect(record.verdict.undetermined.contains { $0.reason.hasPrefix("cannot be judged: ") })
        let draft = try RecordDraft(
            Topics.verdicts, key: inputs.key, record, EventContext(id: "e", source: "test", time: judge.now))
        inputs.verdict = StoredValue(
            value: try #require(draft.value),
            form: draft.headers.map { "\($0.name)=\($0.value)" }.joined(separator: "\n"))
        guard case .keep = try judge.refuse(inputs, because: error) else {
            Issue.record("the same is written again")
            return
        }
    }

    @Test("does not end the evaluator, which judges the others")
    func othersGoOn() async throws {
        let fixture = try await EvaluatorFixture()
        let (bad, good) = ("main/team/app:1", "main/other/app:1")
        try await fixture.put(policy: .standard)
        for (name, number) in [(bad, UInt8(1)), (good, 2)] {
            try await fixture.put(inventory: Fixtures.digest(number), packages: ["flask": "3"])
            try await fixture.put(image: name, Fixtures.digest(number))
        }
        try await fixture.running {
            for name in [bad, good] { _ = try await fixture.waitForVerdict(name) }
            try await fixture.waitForFullPass(generation: nil)
        }
        // The view's own bytes are damaged, as by a disk: the record in the log was readable.
        try await fixture.changeView { db in
            try db.execute(
                sql: "UPDATE inventories SET value = ?, form = ? WHERE digest = ?",
                arguments: [Data("{".utf8), "ce_type=\(InventoryRecord.eventType)", Fixtures.digest(1).text])
        }
        try await fixture.running {
            try await fixture.put(
                policy: Policy(id: try PolicyID("more"), version: 1, name: "More", scope: .init(), controls: [.notRoot])
            )
            let verdict = try await fixture.waitForVerdict(bad, "a refusal") { record in
                record.verdict.undetermined.contains { $0.reason.hasPrefix("cannot be judged: ") }
            }
            #expect(verdict.verdict.outcome == .undetermined)
            _ = try await fixture.waitForVerdict(good, "the new policy") {
                $0.verdict.controls.contains { $0.policy.text == "more" }
            }
        }
    }
}

extension EvaluatorFixture {
    /// Changes the view's file behind the evaluator's back, while it does not run.
    func changeView(_ change: @escaping @Sendable (Database) throws -> Void) async throws {
        let file = try DatabaseQueue(path: folder.file("evaluator/policy-evaluator.sqlite").path)
        try await file.write(change)
        try file.close()
    }
}
