import EventLogPort
import Events
import Foundation
import Model
import RegistryClient
import TestSupport
import Testing

@testable import RegistryEnumeratorService

@Suite("The enumerator over a log")
struct EnumeratorServiceTests {
    @Test("a command lists the registry and is answered")
    func command() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/app:1")
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            #expect(try await fixture.records(Topics.changes).map(\.key) == ["example/app:1"])
            #expect(try await fixture.reply("c1")?.complete == true)
            try await fixture.command("c2", "nowhere")
            try await eventually("the refusal") { try await fixture.reply("c2")?.state == .failed }
        }
    }

    @Test("a command of a newer schema is parked and said, and the next one is carried out")
    func newerCommand() async throws {
        let fixture = try await EnumeratorFixture()
        try await fixture.put()
        try await fixture.running {
            let command = Command(
                id: "newer", action: .enumerate(try RegistryName("example")), actor: "a", issuedAt: fixture.now,
                deadline: fixture.now)
            let context = EventContext(id: "newer", source: "test", time: fixture.now)
            _ = try await fixture.log.append([
                try RecordDraft(Topics.enumeratorCommands, key: "example", command, context).newer
            ])
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            let letters = try await fixture.records(Topics.deadLetters)
            #expect(letters.map { $0.header(DeadLetter.needs) } == ["pratique.command 2"])
        }
    }

    @Test("a listing that lacks something is done, says what, and is not complete")
    func incomplete() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/app:1")
        let repository = try RepositoryName("app")
        fixture.registries.update { $0.brokenRepositories[repository] = .forbidden(FakeRegistries.fault()) }
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            let reply = try await fixture.reply("c1")
            #expect(reply?.complete == false && reply?.message.contains("the tags of app") == true)
        }
    }

    @Test("a stop does not wait for a run; the next instance goes on with it and answers, though the deadline passed")
    func stop() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/app:1")
        try await fixture.put()
        fixture.registries.update { $0.holds = true }
        // `running` ends with a deadline, while the registry holds every call.
        try await fixture.running("e1") {
            try await fixture.command("c1")
            try await eventually("the run") {
                let status = try await fixture.status()
                return status?.enumeration != nil && fixture.registries.content.running > 0
            }
        }
        #expect(fixture.registries.content.running == 0)
        fixture.registries.update { $0.holds = false }
        fixture.clock.advance(by: .seconds(600))
        try await fixture.running("e2") {
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
        }
        #expect(try await fixture.statuses().keys.sorted() == ["example/registry-enumerator"])
        #expect(try await fixture.status()?.enumeration?.finishedAt != nil)
    }

    @Test("a command that nobody took up before its deadline is not carried out")
    func late() async throws {
        let fixture = try await EnumeratorFixture()
        try await fixture.put()
        try await fixture.command("c1")
        fixture.clock.advance(by: .seconds(61))
        try await fixture.running {
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .failed }
        }
        #expect(fixture.registries.count("repositories") == 0)
    }

    @Test("a command that comes while the answers of a run are written gets a run and an answer of its own")
    func lateJoiner() async throws {
        let gate = ReplyGate()
        let fixture = try await EnumeratorFixture(over: { GatedLog(log: $0, gate: gate) })
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("an answer is being written") { gate.isReached }
            try await fixture.command("c2")
            try await eventually("another run") { fixture.registries.count("repositories") == 2 }
            gate.open()
            for id in ["c1", "c2"] {
                try await eventually("the answer to \(id)") { try await fixture.reply(id)?.state == .done }
            }
        }
    }

    @Test("a run that the registry's limit ended goes on with what it had not reached")
    func resumed() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/a:1")
        for tag in 10..<40 {
            let name = try ImageName("example/b:\(tag)")
            try fixture.hold(name.text)
            guard tag >= 30 else { continue }
            fixture.registries.update { $0.broken[name] = .rateLimited(FakeRegistries.fault(), retryAfter: nil) }
        }
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the end") { try await fixture.reply("c1")?.state == .failed }
            let startedAt = try await fixture.status()?.enumeration?.startedAt
            #expect(try await fixture.marks() == ["example/a"])
            fixture.registries.update { $0.broken = [:] }
            try await fixture.advancing("another try") {
                let status = try await fixture.status()
                return status?.enumeration?.complete == true
            }
            let status = try await fixture.status()
            #expect(status?.failure == nil && status?.enumeration?.startedAt == startedAt)
            #expect(status?.enumeration?.images == 31)
            #expect(fixture.registries.count("tags example/a") == 1)
        }
    }

    @Test("a refused credential is not tried again before its time, but at once when the registry was changed")
    func corrected() async throws {
        let fixture = try await EnumeratorFixture()
        let name = try RegistryName("example")
        fixture.registries.update { $0.down[name] = .unauthorized(FakeRegistries.fault()) }
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the end") { try await fixture.reply("c1")?.state == .failed }
            let next = try #require(try await fixture.status()?.failure?.nextAttemptAt)
            #expect(next.timeIntervalSince(fixture.now) >= 3600)
            let tries = fixture.registries.count("repositories")
            // Of another registry: it is looked at after this one, so nothing was tried when it has fired.
            try await fixture.put("zebra", rescan: "01:10")
            try await fixture.advancing("a later look") { try await !fixture.rescans().isEmpty }
            #expect(fixture.registries.count("repositories") == tries)
            fixture.registries.update { $0.down = [:] }
            try await fixture.put(version: 2)
            try await fixture.advancing("a try") { try await fixture.status()?.enumeration?.complete == true }
            #expect(fixture.now < next)
            #expect(try await fixture.status()?.failure == nil)
        }
    }

    @Test("a refused credential is tried again when its time has come")
    func retried() async throws {
        let fixture = try await EnumeratorFixture()
        let name = try RegistryName("example")
        fixture.registries.update { $0.down[name] = .unauthorized(FakeRegistries.fault()) }
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the end") { try await fixture.reply("c1")?.state == .failed }
            fixture.registries.update { $0.down = [:] }
            try await fixture.advancing("a try") { try await fixture.status()?.enumeration?.complete == true }
        }
    }
}
