import Events
import Foundation
import Model
import TestSupport
import Testing

@testable import RegistryEnumeratorService

@Suite("The firing of schedules")
struct ScheduleFiringTests {
    private typealias Firing = RegistryStatusRecord.Firing

    private func schedule(_ text: String, _ zone: String = "UTC") throws -> Schedule {
        Schedule(at: try TimeOfDay(text), timeZone: zone)
    }

    private func date(_ text: String) throws -> Date { try #require(Date(rfc3339: text)) }

    /// The times at which a schedule fires, looked at every ten minutes.
    private func firings(_ schedule: Schedule, from start: String, to end: String) throws -> [String] {
        var fired: Firing?
        var now = try date(start)
        let last = try date(end)
        var times: [String] = []
        while now <= last {
            if Schedule.fires(schedule, &fired, now) { times.append(now.rfc3339) }
            now += 600
        }
        return times
    }

    /// Whether it fires at each of these looks, with the schedule that is set then.
    private func fires(_ looks: [(schedule: String?, at: String)], after last: Firing? = nil) throws -> [Bool] {
        var fired = last
        var answers: [Bool] = []
        for look in looks {
            let set = try look.schedule.map { try schedule($0) }
            answers.append(Schedule.fires(set, &fired, try date(look.at)))
        }
        return answers
    }

    /// That of 02:00 on the first of May.
    private func last() throws -> Firing {
        Firing(schedule: try schedule("02:00"), at: try date("2026-05-01T02:00:00Z"))
    }

    @Test("a schedule that is seen for the first time is counted from then on")
    func first() throws {
        let answers = try fires([
            ("02:00", "2026-05-01T10:00:00Z"), ("02:00", "2026-05-02T01:59:59Z"), ("02:00", "2026-05-02T02:00:00Z"),
            ("02:00", "2026-05-02T02:00:05Z"),
        ])
        #expect(answers == [false, false, true, false])
    }

    @Test("a time that was changed to one that is over today is due tomorrow")
    func changed() throws {
        let answers = try fires(
            [
                ("09:00", "2026-05-01T10:00:00Z"), ("09:00", "2026-05-02T08:59:59Z"), ("09:00", "2026-05-02T09:00:00Z"),
            ], after: last())
        #expect(answers == [false, false, true])
    }

    @Test("a schedule that was taken away and set again is counted from then on")
    func again() throws {
        let answers = try fires(
            [(nil, "2026-05-01T10:00:00Z"), ("02:00", "2026-06-01T10:00:00Z"), ("02:00", "2026-06-02T02:00:00Z")],
            after: last())
        #expect(answers == [false, false, true])
    }

    @Test("one that was due several times while nobody ran fires once")
    func missed() throws {
        let answers = try fires(
            [("02:00", "2026-05-05T10:00:00Z"), ("02:00", "2026-05-05T10:00:05Z")], after: last())
        #expect(answers == [true, false])
    }

    @Test("a day on which the time is skipped or comes twice has one firing")
    func summerTime() throws {
        // Berlin: 29 March 2026 02:00 becomes 03:00; 25 October 2026 03:00 becomes 02:00.
        let berlin = try schedule("02:30", "Europe/Berlin")
        let spring = try firings(berlin, from: "2026-03-28T12:00:00Z", to: "2026-03-30T12:00:00Z")
        #expect(spring == ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"])
        let autumn = try firings(berlin, from: "2026-10-24T12:00:00Z", to: "2026-10-26T12:00:00Z")
        #expect(autumn == ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"])
    }

    @Test("both rescans at the same time are one, and neither comes again that day; a listing fires once")
    func together() async throws {
        let fixture = try await EnumeratorFixture("2026-05-01T01:55:00Z")
        try await fixture.put(enumeration: "02:00", rescan: "02:00")
        try await fixture.putSettings(rescan: "02:00")
        // Fires later than the others, so the enumerator has looked at them again by then.
        try await fixture.put("zebra", enumeration: "02:20")
        try await fixture.running {
            try await fixture.advancing("the last of them") { fixture.registries.count("repositories zebra") > 0 }
        }
        let reasons = try await fixture.rescans()
        #expect(
            reasons == ["schedule example, schedule of all registries", "schedule of all registries"])
        #expect(fixture.registries.count("repositories example") == 1)
    }

    @Test("rescans at different times take effect at theirs; missed together they are one")
    func different() async throws {
        let fixture = try await EnumeratorFixture("2026-05-01T01:55:00Z")
        try await fixture.put(rescan: "02:00")
        try await fixture.putSettings(rescan: "02:10")
        try await fixture.running("e1") {
            try await fixture.advancing("both") { try await fixture.rescans().count == 2 }
        }
        #expect(try await fixture.rescans() == ["schedule example", "schedule of all registries"])
        fixture.clock.advance(by: .seconds(24 * 3600))
        try await fixture.running("e2") {
            try await fixture.advancing("what was missed") { try await fixture.rescans().count > 2 }
        }
        #expect(try await fixture.rescans().last == "schedule example, schedule of all registries")
        #expect(try await fixture.rescans().count == 3)
    }

    @Test("a restart fires nothing twice, and what a crash left undone is done")
    func restart() async throws {
        let fixture = try await EnumeratorFixture("2026-05-01T01:55:00Z")
        try await fixture.put(enumeration: "02:00", rescan: "02:00")
        try await fixture.running("e1") {
            try await fixture.advancing("both") {
                let rescans = try await fixture.rescans()
                return rescans.count == 1 && fixture.registries.count("repositories") == 1
            }
            try await fixture.advancing("the end") { try await fixture.status()?.enumeration?.complete == true }
        }
        try await fixture.put("zebra", enumeration: "02:20")
        try await fixture.running("e2") {
            try await fixture.advancing("a later one") { fixture.registries.count("repositories zebra") > 0 }
        }
        #expect(try await fixture.rescans().count == 1)
        #expect(fixture.registries.count("repositories example") == 1)
    }
}
