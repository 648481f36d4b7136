/// Daily at a local time of a time zone.
public struct Schedule: Hashable, Sendable, Codable {
    public var at: TimeOfDay
    /// An IANA time zone, such as `Europe/Berlin`.
    public var timeZone: String

    public init(at: TimeOfDay, timeZone: String = "UTC") {
        self.at = at
        self.timeZone = timeZone
    }
}

/// A local time of day, `HH:MM`, 24 hours.
public struct TimeOfDay: TextValue {
    public let hour: Int
    public let minute: Int

    public init(_ text: String) throws(ParseError) {
        let bytes = Array(text.utf8)
        let digitsOnly = bytes.enumerated().allSatisfy {
            $0.offset == 2 ? $0.element == UInt8(ascii: ":") : Grammar.isDigit($0.element)
        }
        guard bytes.count == 5, digitsOnly, let hour = Int(text.prefix(2)), let minute = Int(text.suffix(2)), hour < 24,
            minute < 60
        else { throw ParseError("time of day", in: text, "wants HH:MM from 00:00 to 23:59") }
        self.hour = hour
        self.minute = minute
    }

    public var text: String { (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)" }
}
