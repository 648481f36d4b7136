import CleanupService
import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import TestSupport
import Testing

@Suite("Cleanup")
struct CleanupRunnerTests {
    private func rule(keep: Int = 1) throws -> CleanupRule {
        CleanupRule(registry: try RegistryName("main"), repositories: ["team/*"], keepNewest: keep)
    }

    private func fill(_ fixture: CleanupFixture) async throws {
        for number in 1...3 {
            let at = fixture.start.addingTimeInterval(Double(number))
            try await fixture.put(CleanupFixture.image("main/team/app:\(number)", boundAt: at, revision: Int64(number)))
            try await fixture.put(CleanupFixture.image("main/other/app:\(number)", boundAt: at))
            try await fixture.put(CleanupFixture.image("second/team/app:\(number)", boundAt: at))
        }
    }

    @Test("a preview names what would go and changes nothing")
    func preview() async throws {
        let fixture = try await CleanupFixture()
        try await fill(fixture)
        try await fixture.running {
            let reply = try await fixture.command(.previewCleanup(try self.rule()))
            #expect(reply.state == .done)
            #expect(reply.cleanup?.map(\.name.text) == ["main/team/app:1", "main/team/app:2"])
            #expect(try await fixture.changes().isEmpty)
        }
    }

    @Test("applying sends removals with the revision that was judged, who asked and why")
    func apply() async throws {
        let fixture = try await CleanupFixture()
        try await fill(fixture)
        try await fixture.running {
            let preview = try await fixture.command(.previewCleanup(try self.rule()))
            // Changed since the preview: it is now the newest.
            let later = fixture.start.addingTimeInterval(99)
            try await fixture.put(CleanupFixture.image("main/team/app:1", boundAt: later, revision: 8))
            let reply = try await fixture.command(.applyCleanup(try self.rule()))
            #expect(preview.cleanup?.count == 2)
            #expect(reply.state == .done)
            let removals = try await fixture.changes().compactMap { change -> Change.Removal? in
                if case .remove(let removal) = change { removal } else { nil }
            }
            #expect(removals.map(\.name.text) == ["main/team/app:2", "main/team/app:3"])
            #expect(removals.map(\.revision) == [2, 3])
            #expect(removals.allSatisfy { $0.actor == "alice" && !$0.evidence.isEmpty })
        }
    }

    @Test("the image's own age counts, and images whose age is not known stay and are said")
    func ownAge() async throws {
        let fixture = try await CleanupFixture()
        for number in 1...3 {
            let image = try CleanupFixture.image(
                "main/team/app:\(number)", boundAt: fixture.start, sources: [.enumeration])
            try await fixture.put(image, createdAt: fixture.start.addingTimeInterval(Double(number) * -86_400))
        }
        let unknown = try CleanupFixture.image("main/team/app:0", boundAt: fixture.start, sources: [.enumeration])
        try await fixture.put(unknown)
        let failed = try CleanupFixture.image("main/team/app:9", boundAt: fixture.start.addingTimeInterval(-1))
        try await fixture.put(failed, createdAt: fixture.start.addingTimeInterval(-9e6))
        let failure = Failure(kind: .damaged, message: "cut", attempt: 1, nextAttemptAt: nil)
        try await fixture.put(.failed(failure), of: try #require(failed.digest), failed.name)
        try await fixture.running {
            let reply = try await fixture.command(.previewCleanup(try self.rule()))
            #expect(reply.cleanup?.map(\.name.text) == ["main/team/app:3", "main/team/app:2"])
            #expect(reply.message.contains("2 images of unknown age stay"))
        }
    }

    @Test("what is in the trash is not removed again, and is restored while its time lasts")
    func restore() async throws {
        let fixture = try await CleanupFixture()
        let name = try ImageName("main/team/app:1")
        let gone = ImageRecord.Trash(
            removedAt: fixture.start, restorableUntil: Date(timeIntervalSince1970: 4_000_000_000), actor: "a",
            evidence: "e")
        let late = ImageRecord.Trash(removedAt: fixture.start, restorableUntil: .distantPast, actor: "a", evidence: "e")
        try await fixture.put(CleanupFixture.image("main/team/app:1", boundAt: fixture.start, trash: gone))
        try await fixture.put(
            CleanupFixture.image(
                "main/team/app:2", boundAt: fixture.start,
                trash: .init(
                    removedAt: late.removedAt, restorableUntil: fixture.start.addingTimeInterval(-1e9), actor: "a",
                    evidence: "e")))
        try await fixture.running {
            #expect(try await fixture.command(.applyCleanup(try self.rule())).cleanup?.isEmpty == true)
            let reply = try await fixture.command(.restore([name, try ImageName("main/team/app:2")]))
            #expect(reply.state == .done)
            #expect(reply.message.contains("main/team/app:2 could be restored until"))
            #expect(try await fixture.changes() == [.restore(.init(name: name, actor: "alice"))])
            #expect(try await fixture.command(.restore([try ImageName("main/team/app:9")])).state == .failed)
        }
    }

    @Test("a command that is too late, not ours, or senseless is answered, and the next one is carried out")
    func refusals() async throws {
        let fixture = try await CleanupFixture()
        try await fill(fixture)
        try await fixture.running {
            let late = try await fixture.command(
                .applyCleanup(try self.rule()), deadline: fixture.start.addingTimeInterval(-1e9))
            #expect(late.state == .failed)
            #expect(try await fixture.command(.activateGeneration(1)).state == .failed)
            #expect(try await fixture.command(.applyCleanup(try self.rule(keep: 0))).state == .failed)
            #expect(try await fixture.changes().isEmpty)
            let unreadable = RecordDraft(topic: Topics.cleanupCommands.name, key: "cleanup", value: Data("{".utf8))
            _ = try await fixture.log.append([unreadable])
            #expect(try await fixture.command(.previewCleanup(try self.rule())).state == .done)
            #expect(try await fixture.records(Topics.deadLetters).count == 1)
        }
    }

    @Test("a command of a newer schema is parked, an image of one is left alone, and readiness says so")
    func newerSchema() async throws {
        let fixture = try await CleanupFixture()
        try await fill(fixture)
        let image = try CleanupFixture.image("main/team/app:1", boundAt: fixture.start)
        let context = EventContext(id: "newer", source: "test", time: fixture.start)
        _ = try await fixture.log.append([
            try RecordDraft(Topics.images, key: image.name.text, image, context).newer
        ])
        let command = Command(
            id: "newer", action: .applyCleanup(try rule()), actor: "a", issuedAt: fixture.start,
            deadline: fixture.start.addingTimeInterval(1e9))
        try await fixture.running {
            _ = try await fixture.log.append([
                try RecordDraft(Topics.cleanupCommands, key: "cleanup", command, context).newer
            ])
            let reply = try await fixture.command(.previewCleanup(try self.rule()))
            #expect(reply.cleanup?.map(\.name.text) == ["main/team/app:2"])
            #expect(reply.message.contains("1 images cannot be read"))
            let letters = try await fixture.records(Topics.deadLetters)
            #expect(letters.map { $0.header(DeadLetter.needs) } == ["pratique.command 2"])
            #expect(
                fixture.readiness.report.parts[CleanupRunner.name] == .notReady("1 records cannot be read"))
        }
    }

    @Test("over a log that redelivers and revokes, the removals are the right ones")
    func unkind() async throws {
        let fixture = try await CleanupFixture { UnkindEventLog($0, unkindness: .withoutFailures) }
        try await fill(fixture)
        try await fixture.running {
            _ = try await fixture.command(.applyCleanup(try self.rule(keep: 2)))
            let names = Set(try await fixture.changes().map(\.key))
            #expect(names == ["main/team/app:1"])
        }
    }
}
