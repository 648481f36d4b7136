import Foundation
import Model
import Testing

@testable import RegistryEnumeratorService

@Suite("When a schedule is due")
struct ScheduleTests {
    private func next(_ at: String, _ zone: String, after: String) throws -> String? {
        let date = try #require(Date(rfc3339: after))
        return Schedule(at: try TimeOfDay(at), timeZone: zone).next(after: date)?.rfc3339
    }

    @Test(
        "the next time is the first one after the given moment",
        arguments: [
            ("02:30", "UTC", "2026-01-10T02:29:59Z", "2026-01-10T02:30:00.000Z"),
            ("02:30", "UTC", "2026-01-10T02:30:00Z", "2026-01-11T02:30:00.000Z"),
            ("00:00", "UTC", "2026-12-31T12:00:00Z", "2027-01-01T00:00:00.000Z"),
            ("23:59", "Asia/Tokyo", "2026-01-10T15:00:00Z", "2026-01-11T14:59:00.000Z"),
            ("02:30", "America/New_York", "2026-01-10T00:00:00Z", "2026-01-10T07:30:00.000Z"),
        ])
    func plain(at: String, zone: String, after: String, expected: String) throws {
        #expect(try next(at, zone, after: after) == expected)
    }

    @Test("a time that summer time skips is due at the first moment after the gap, and the next day as usual")
    func skipped() throws {
        // Berlin, 29 March 2026: 02:00 becomes 03:00.
        #expect(try next("02:30", "Europe/Berlin", after: "2026-03-29T00:00:00Z") == "2026-03-29T01:00:00.000Z")
        #expect(try next("02:30", "Europe/Berlin", after: "2026-03-29T01:00:00Z") == "2026-03-30T00:30:00.000Z")
    }

    @Test("a time that comes twice is due the first time only")
    func doubled() throws {
        // Berlin, 25 October 2026: 03:00 becomes 02:00.
        #expect(try next("02:30", "Europe/Berlin", after: "2026-10-24T23:00:00Z") == "2026-10-25T00:30:00.000Z")
        #expect(try next("02:30", "Europe/Berlin", after: "2026-10-25T00:30:00Z") == "2026-10-26T01:30:00.000Z")
        #expect(try next("02:30", "Europe/Berlin", after: "2026-10-25T01:00:00Z") == "2026-10-26T01:30:00.000Z")
    }

    @Test(
        "over years, each local day has one time, a day apart give or take an hour",
        arguments: ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"])
    func daily(zone: String) throws {
        let schedule = Schedule(at: try TimeOfDay("00:30"), timeZone: zone)
        var date = try #require(Date(rfc3339: "2015-01-01T00:00:00Z"))
        for _ in 0..<1_500 {
            let due = try #require(schedule.next(after: date))
            let hours = due.timeIntervalSince(date) / 3600
            #expect(hours > 0 && hours <= 25.5)
            date = due
        }
    }

    @Test("a time zone that nobody knows is never due")
    func unknown() throws { #expect(try next("02:30", "Middle/Earth", after: "2026-01-10T00:00:00Z") == nil) }
}
