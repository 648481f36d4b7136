import Advisories
import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import PolicyEvaluatorService
import TestSupport
import Testing

/// The process ends between the first record of an import and `active`, the log compacts what the import replaced, and
/// the view is built anew: what was known to be bad must not become clean.
@Suite("An import that was interrupted")
struct InterruptedImportTests {
    private let app = "main/team/app:1"
    private let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")
    private let flask = Fixtures.OSV(id: "PYSEC-2", package: "flask", fixed: "1.0")
    private let left = Fixtures.OSV(ecosystem: "npm", id: "GHSA-1", package: "left", fixed: "1.0.0")

    /// An evaluator whose generation 1 knows a flaw of the image, and has judged it.
    private func judged() async throws -> EvaluatorFixture {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        try await fixture.put(inventory: Fixtures.digest(1), packages: ["jinja2": "3.1.0"])
        try await fixture.put(image: app, Fixtures.digest(1))
        try await fixture.running {
            _ = try await fixture.importAdvisories([jinja, flask, left])
            _ = try await fixture.waitForVerdict(app, "a finding") { $0.verdict.outcome == .nonCompliant }
            try await fixture.waitForFullPass(generation: 1)
        }
        return fixture
    }

    private func put(_ advisory: Fixtures.OSV, isGone: Bool = false, _ generation: Int, in fixture: EvaluatorFixture)
        async throws
    {
        let read = try OSVReader().advisory(
            Data(advisory.json.utf8), source: advisory.ecosystem, name: advisory.id)
        var draft = try RecordDraft(
            Topics.advisories, key: read.key.description, AdvisoryRecord(read),
            EventContext(id: "\(generation)/\(read.key)", source: "test", time: fixture.time.now()),
            headers: [Header("pratique-generation", String(generation))])
        if isGone { draft.value = nil }
        _ = try await fixture.log.append([draft])
    }

    private func compactAndForget(_ fixture: EvaluatorFixture) async throws {
        try await #require(fixture.log as? SQLiteEventLog).compact()
        try fixture.deleteView()
    }

    private func active(_ fixture: EvaluatorFixture) async throws -> GenerationRecord? {
        try await fixture.latest(Topics.generations, GenerationRecord.activeKey, GenerationRecord.self)
    }

    private func waitForIncomplete(_ fixture: EvaluatorFixture) async throws -> VerdictRecord {
        try await fixture.waitForVerdict(app, "the lost records") { record in
            record.verdict.undetermined.contains { $0.what == "advisories" && $0.reason.contains("PyPI") }
        }
    }

    @Test("whose generation is written is put in force at the next start")
    func whole() async throws {
        let fixture = try await judged()
        var changed = jinja
        changed.fixed = "3.1.4"
        try await put(changed, 2, in: fixture)
        try await fixture.put(
            Topics.generations, "2",
            GenerationRecord(
                number: 2, importedAt: fixture.time.now(), origin: "test", advisories: 3, changed: 1,
                coverage: ["PyPI", "npm"]))
        try await compactAndForget(fixture)
        try await fixture.running {
            let verdict = try await fixture.waitForVerdict(app, "the newer fix") { record in
                record.platforms.first?.findings.first?.fixedVersion == "3.1.4"
            }
            #expect(verdict.verdict.outcome == .nonCompliant)
            #expect(verdict.verdict.undetermined == [])
            #expect(try await active(fixture)?.number == 2)
        }
    }

    @Test("that had changed a record: the newer one counts, and the rest is unknown")
    func changed() async throws {
        let fixture = try await judged()
        var newer = jinja
        newer.fixed = "3.1.4"
        try await put(newer, 2, in: fixture)
        try await compactAndForget(fixture)
        try await fixture.running {
            let verdict = try await waitForIncomplete(fixture)
            #expect(verdict.verdict.outcome == .nonCompliant)
            #expect(verdict.platforms.first?.findings.first?.fixedVersion == "3.1.4")
        }
    }

    @Test("that had removed a record: undetermined until that source is imported again, and only that")
    func removed() async throws {
        let fixture = try await judged()
        try await put(jinja, isGone: true, 2, in: fixture)
        try await compactAndForget(fixture)
        try await fixture.running {
            #expect(try await waitForIncomplete(fixture).verdict.outcome == .undetermined)
            let right = Fixtures.OSV(ecosystem: "npm", id: "GHSA-2", package: "right", fixed: "1.0.0")
            #expect(try await fixture.importAdvisories([left, right]).state == .done)
            #expect(try await active(fixture)?.incomplete == ["PyPI"])
            try await fixture.waitForFullPass(generation: 3)
            #expect(try await waitForIncomplete(fixture).verdict.outcome == .undetermined)
            #expect(try await fixture.importAdvisories([jinja, flask]).state == .done)
            let again = try await fixture.waitForVerdict(app, "the finding") { $0.verdict.outcome == .nonCompliant }
            #expect(again.verdict.undetermined == [])
            #expect(try await active(fixture)?.incomplete == nil)
        }
    }

    @Test("is settled by the next one: the log then holds what is in force, whatever was imported")
    func settled() async throws {
        let fixture = try await judged()
        try await put(jinja, isGone: true, 2, in: fixture)
        let stray = Fixtures.OSV(id: "PYSEC-9", package: "jinja2", fixed: "9")
        try await put(stray, 2, in: fixture)
        let right = Fixtures.OSV(ecosystem: "npm", id: "GHSA-2", package: "right", fixed: "1.0.0")
        try await fixture.running {
            let reply = try await fixture.importAdvisories([left, right])
            #expect(reply.state == .done, "\(reply.message)")
        }
        try await compactAndForget(fixture)
        let passes = try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
        try await fixture.running {
            try await eventually("another full pass") {
                try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key } > passes
            }
        }
        let verdict = try #require(try await fixture.verdict(app))
        #expect(verdict.verdict.undetermined == [])
        #expect(verdict.platforms.first?.findings.map(\.advisory) == ["PYSEC-1"])
    }

    @Test("and one that fails halfway leaves the log as it was")
    func failed() async throws {
        let fixture = try await judged()
        let root = fixture.folder.file("osv-damaged")
        for (place, content) in [("PyPI/PYSEC-2.json", flask.json), ("npm/all.zip", "no archive")] {
            let file = root.appending(path: place)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        // Enough that some of it is written before the damaged archive is met.
        for number in 0..<600 {
            let advisory = Fixtures.OSV(id: "PYSEC-X\(number)", package: "jinja2", fixed: "9")
            try Data(advisory.json.utf8).write(to: root.appending(path: "PyPI/\(advisory.id).json"))
        }
        try await fixture.running {
            let reply = try await fixture.command(.importAdvisories(origin: root.path))
            #expect(reply.state == .failed, "\(reply.message)")
        }
        #expect(try await fixture.records(Topics.advisories).contains { $0.key.hasPrefix("PyPI/PYSEC-X") })
        try await compactAndForget(fixture)
        let passes = try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key }
        let written = try await fixture.verdictsWritten(app)
        try await fixture.running {
            try await eventually("another full pass") {
                try await fixture.records(Topics.verdicts).count { $0.key == JudgedRecord.key } > passes
            }
        }
        #expect(try await fixture.verdictsWritten(app) == written)
    }

    @Test("is finished after its deadline; one that was not begun is not", arguments: [true, false])
    func late(wasStarted: Bool) async throws {
        let fixture = try await judged()
        let root = fixture.folder.file("osv-late/PyPI")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        try Data(flask.json.utf8).write(to: root.appending(path: "PYSEC-2.json"))
        let past = fixture.time.now().addingTimeInterval(-3600)
        let command = Command(
            id: "late", action: .importAdvisories(origin: root.deletingLastPathComponent().path), actor: "test",
            issuedAt: past, deadline: past.addingTimeInterval(600))
        if wasStarted {
            let reply = Reply(command: command.id, state: .running, message: "reading", at: past)
            try await fixture.put(Topics.replies, command.id, reply)
        }
        try await fixture.put(Topics.evaluatorCommands, "advisories", command)
        let last = try await fixture.running {
            try await eventually("a reply") {
                let reply = try await fixture.latest(Topics.replies, command.id, Reply.self)
                return reply.map { $0.state != .running } ?? false
            }
            return try await fixture.latest(Topics.replies, command.id, Reply.self)
        }
        #expect(last?.state == (wasStarted ? .done : .failed), "\(last?.message ?? "")")
        #expect(try await active(fixture)?.number == (wasStarted ? 2 : 1))
    }
}
