import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import RegistryEnumeratorService

@Suite("The status of registries")
struct StatusTests {
    private let key = "example/registry-enumerator"

    private func status(
        _ registry: String = "example", started: Date, finished: Date? = nil, fired: Date? = nil
    ) throws -> RegistryStatusRecord {
        let schedule = Schedule(at: try TimeOfDay("02:00"))
        return RegistryStatusRecord(
            registry: try RegistryName(registry), instance: "old",
            enumeration: .init(startedAt: started, finishedAt: finished),
            rescanFired: fired.map { .init(schedule: schedule, at: $0) })
    }

    @Test("instances follow each other with one key a registry, and what is written is not written again")
    func takeOver() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/app:1")
        try await fixture.put()
        for instance in ["e1", "e2", "e3"] {
            try await fixture.running(instance) {
                try await fixture.command(instance)
                try await eventually("the answer") { try await fixture.reply(instance)?.state == .done }
            }
        }
        #expect(try await fixture.statuses().keys.sorted() == [key])
        #expect(fixture.registries.count("repositories") == 3)
        let before = try await fixture.records(Topics.registryStatus).count
        try await fixture.put("other")
        try await fixture.running("e4") {
            try await fixture.command("c", "other")
            try await eventually("the answer") { try await fixture.reply("c")?.state == .done }
        }
        #expect(try await fixture.records(Topics.registryStatus).dropFirst(before).allSatisfy { $0.key != key })
    }

    @Test("keys of several instances become one, and a run that another instance finished is not begun again")
    func fold() async throws {
        let fixture = try await EnumeratorFixture()
        let (start, fired) = (fixture.now.addingTimeInterval(-600), fixture.now.addingTimeInterval(-7200))
        try await fixture.put()
        try await fixture.write(status(started: start, fired: fired), key: "example/registry-enumerator-17", term: 0)
        let end = fixture.now.addingTimeInterval(-60)
        try await fixture.write(
            status(started: start, finished: end), key: "example/registry-enumerator-18", term: 0)
        try await fixture.running {
            try await fixture.advancing("one key") { try await fixture.statuses().keys.sorted() == [key] }
            // A look at a registry that comes after this one: nothing was begun.
            try await fixture.put("zebra", rescan: "01:10")
            try await fixture.advancing("a later look") { try await !fixture.rescans().isEmpty }
        }
        #expect(fixture.registries.count("repositories") == 0)
        #expect(try await fixture.status()?.enumeration?.finishedAt == end)
    }

    @Test("what an older instance writes after the take-over is written again")
    func stale() async throws {
        let fixture = try await EnumeratorFixture()
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            let good = try await fixture.status()
            try await fixture.write(status(started: fixture.now.addingTimeInterval(-9000)), key: key, term: nil)
            try await fixture.write(status(started: fixture.now), key: "gone/registry-enumerator", term: nil)
            try await eventually("it is written again") {
                let found = try await fixture.statuses()
                return found == [key: good].compactMapValues { $0 }
            }
        }
    }

    @Test("an instance ends when a newer one has written")
    func newer() async throws {
        let fixture = try await EnumeratorFixture()
        try await fixture.put()
        let instance = try fixture.service("e1")
        try await withDeadline("the instance ends") {
            async let running: Void = instance.run()
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            try await fixture.write(status(started: fixture.now), key: key, term: 1_000_000)
            try await running
        }
    }

    @Test("a status that a newer version wrote is not written over: the instance stands back, and says so")
    func newerSchema() async throws {
        let fixture = try await EnumeratorFixture()
        try await fixture.put()
        try await fixture.write(status(started: fixture.now), key: key, term: 0, isNewer: true)
        try await fixture.command("c1")
        let instance = try fixture.service("e1")
        let running = Task { try await instance.run() }
        try await eventually("readiness says so") {
            fixture.readiness.report.parts[RegistryEnumeratorRunner.name] == .notReady("1 records cannot be read")
        }
        try await eventually("it stands back") { fixture.lines.all.contains("this instance stands back") }
        #expect(try await fixture.records(Topics.registryStatus).count == 1)
        #expect(fixture.registries.count("repositories") == 0)
        running.cancel()
        _ = await running.result
    }

    @Test("of a registry that was removed neither a status nor a mark stays")
    func removed() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/app:1", "other/app:1")
        try await fixture.put()
        try await fixture.put("other")
        try await fixture.running {
            for name in ["example", "other"] {
                try await fixture.command(name, name)
                try await eventually("the answer") { try await fixture.reply(name)?.state == .done }
            }
            #expect(try await fixture.marks() == ["example/app", "other/app"])
            try await fixture.remove("example")
            try await fixture.advancing("they are gone") {
                let (statuses, marks) = (try await fixture.statuses(), try await fixture.marks())
                return statuses.keys.sorted() == ["other/registry-enumerator"] && marks == ["other/app"]
            }
        }
    }

    @Test("the mark of a repository that a whole list does not show any more goes")
    func vanished() async throws {
        let fixture = try await EnumeratorFixture()
        try fixture.hold("example/a:1", "example/b:1")
        let gone = try ImageName("example/b:1")
        try await fixture.put()
        try await fixture.running {
            try await fixture.command("c1")
            try await eventually("the answer") { try await fixture.reply("c1")?.state == .done }
            #expect(try await fixture.marks() == ["example/a", "example/b"])
            fixture.registries.update { $0.images[gone] = nil }
            try await fixture.command("c2")
            try await eventually("the answer") { try await fixture.reply("c2")?.state == .done }
            #expect(try await fixture.marks() == ["example/a"])
        }
    }
}
