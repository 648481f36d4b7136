import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import TestSupport
import Testing

@testable import PolicyEvaluatorService

/// An older instance that does not know yet that it is none writes after the take-over. Its records carry no term here,
/// which is as old as can be.
@Suite("An older instance that writes late")
struct LateInstanceTests {
    private let app = "main/team/app:1"
    private let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")

    private func running(_ body: @escaping @Sendable (EvaluatorFixture) async throws -> Void) async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: app, Fixtures.digest(1))
        try await fixture.running {
            _ = try await fixture.importAdvisories([jinja])
            _ = try await fixture.waitForVerdict(app, "a finding") { $0.verdict.outcome == .nonCompliant }
            try await fixture.waitForFullPass(generation: 1)
            try await body(fixture)
        }
        // Built anew from a log that has only the newest record of each key, it is the same.
        try await #require(fixture.log as? SQLiteEventLog).compact()
        try fixture.deleteView()
        let passes = try await judged(fixture)
        try await fixture.running {
            try await eventually("another full pass") { try await judged(fixture) > passes }
        }
        let verdict = try #require(try await fixture.verdict(app))
        #expect(verdict.verdict.outcome == .nonCompliant)
        #expect(verdict.verdict.undetermined == [])
    }

    private func judged(_ fixture: EvaluatorFixture) async throws -> Int {
        try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
    }

    @Test("a verdict is judged again, and one that it removed comes back")
    func verdict() async throws {
        try await running { fixture in
            var record = try #require(try await fixture.verdict(app))
            record.verdict.outcome = .compliant
            record.platforms = []
            try await fixture.put(Topics.verdicts, app, record)
            _ = try await fixture.waitForVerdict(app, "the right verdict") { $0.verdict.outcome == .nonCompliant }
            try await fixture.remove(Topics.verdicts, app)
            _ = try await fixture.waitForVerdict(app, "the verdict")
            // One for a name that is not there ends again.
            try await fixture.put(Topics.verdicts, "main/team/none:1", record)
            try await eventually("it is gone") { try await fixture.verdict("main/team/none:1") == nil }
        }
    }

    @Test("an advisory is written again, and one that was not there is gone again")
    func advisories() async throws {
        try await running { fixture in
            let key = "PyPI/PYSEC-1"
            let record = try #require(try await fixture.latest(Topics.advisories, key, AdvisoryRecord.self))
            try await fixture.remove(Topics.advisories, key)
            try await eventually("it comes back") {
                try await fixture.latest(Topics.advisories, key, AdvisoryRecord.self) == record
            }
            try await fixture.put(Topics.advisories, "PyPI/PYSEC-9", record)
            try await eventually("it is gone") {
                try await fixture.latest(Topics.advisories, "PyPI/PYSEC-9", AdvisoryRecord.self) == nil
            }
        }
    }

    @Test("what it puts in force is not, and its generations do not count")
    func generations() async throws {
        try await running { fixture in
            let late = GenerationRecord(
                number: 7, importedAt: fixture.time.now(), origin: "late", advisories: 0, changed: 1, coverage: [])
            try await fixture.put(Topics.generations, "7", late)
            try await fixture.put(Topics.generations, GenerationRecord.activeKey, late)
            try await eventually("generation 1 is in force") {
                let active = try await fixture.latest(
                    Topics.generations, GenerationRecord.activeKey, GenerationRecord.self)
                let seven = try await fixture.latest(Topics.generations, "7", GenerationRecord.self)
                return active?.number == 1 && seven == nil
            }
            let flask = Fixtures.OSV(id: "PYSEC-2", package: "flask", fixed: "1.0")
            let reply = try await fixture.importAdvisories([self.jinja, flask])
            #expect(reply.message.hasPrefix("generation 2 is in force"), "\(reply.message)")
            try await fixture.waitForFullPass(generation: 2)
        }
    }

    @Test("its mark of a full pass is replaced")
    func mark() async throws {
        try await running { fixture in
            let late = JudgedRecord(generation: 44, images: 0, judgedAt: Date(timeIntervalSince1970: 0))
            try await fixture.put(Topics.verdicts, JudgedRecord.key, late)
            try await fixture.waitForFullPass(generation: 1)
        }
    }

    @Test("a record of a newer instance ends the term of this one")
    func newer() throws {
        func record(_ term: String?, position: Int64) -> WholeRecord {
            WholeRecord(
                id: RecordID(topic: Topics.verdicts.name, partition: 0, position: position), key: "k", value: nil,
                headers: term.map { [Header(TermFence.header, $0)] } ?? [], appendedAt: .distantPast)
        }
        let fence = OutputFence()
        #expect(fence.observe(record("9", position: 1)) == .current)
        let place = TopicPartition(topic: Topics.verdicts.name, partition: 0)
        let overtaken = fence.begin(5, [place: 10])
        #expect(fence.observe(record("4", position: 10)) == .current)
        #expect(fence.observe(record("4", position: 11)) == .stale)
        #expect(fence.observe(record(nil, position: 12)) == .stale)
        #expect(fence.observe(record("5", position: 13)) == .current)
        #expect(!overtaken.isOpen)
        #expect(fence.observe(record("6", position: 14)) == .newer)
        #expect(overtaken.isOpen)
        fence.end()
        #expect(fence.observe(record(nil, position: 15)) == .current)
    }
}
