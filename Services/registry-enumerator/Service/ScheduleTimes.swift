import Events
import Foundation
import Model

extension Schedule {
    /// Whether the schedule is due. One that is seen for the first time, or differs, is counted from now on.
    static func fires(_ schedule: Schedule?, _ fired: inout RegistryStatusRecord.Firing?, _ now: Date) -> Bool {
        guard let schedule, let last = fired, last.schedule == schedule else {
            fired = schedule.map { .init(schedule: $0, at: now) }
            return false
        }
        guard let due = schedule.next(after: last.at), due <= now else { return false }
        fired = .init(schedule: schedule, at: now)
        return true
    }

    /// The first time after `date` at which the schedule is due, once a day; nil for a time zone that nobody knows.
    ///
    /// A local time that the change to summer time skips is due at the first moment after the gap; one that comes twice
    /// in autumn is due the first time only.
    func next(after date: Date) -> Date? {
        guard let zone = TimeZone(identifier: timeZone) else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        // The day before: its due time may lie after midnight where a gap moved it.
        guard var day = calendar.date(byAdding: .day, value: -1, to: calendar.startOfDay(for: date)) else { return nil }
        for _ in 0..<5 {
            if let due = due(on: day, calendar), due > date { return due }
            guard let following = calendar.date(byAdding: .day, value: 1, to: day) else { return nil }
            day = calendar.startOfDay(for: following)
        }
        return nil
    }

    private func due(on day: Date, _ calendar: Calendar) -> Date? {
        calendar.date(
            bySettingHour: at.hour, minute: at.minute, second: 0, of: day, matchingPolicy: .nextTime,
            repeatedTimePolicy: .first,
            direction: .forward)
    }
}
