public import Foundation

/// How Pratique writes JSON: sorted keys, no escaped slashes, times as RFC 3339 in UTC with milliseconds.
///
/// The same value gives the same bytes. Times have whole milliseconds (`Date.milliseconds`), so they survive a round
/// trip.
public enum JSONFormat {
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.rfc3339)
        }
        return try encoder.encode(value)
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = Date(rfc3339: text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "“\(text.prefix(40))” is no RFC 3339 time"))
            }
            return date
        }
        return try decoder.decode(type, from: data)
    }

    /// What was wrong with JSON from outside, in one line that names the field.
    public static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context): "field “\(path(context.codingPath + [key]))” is missing"
        case DecodingError.typeMismatch(let type, let context): "field “\(path(context.codingPath))” is no \(type)"
        case DecodingError.valueNotFound(_, let context): "field “\(path(context.codingPath))” is null"
        case DecodingError.dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "is not JSON" : "field “\(path(context.codingPath))”: \(context.debugDescription)"
        default: "cannot be read"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}

extension Date {
    /// The nearest whole millisecond: what is stored equals what is read, however often it passes.
    public var milliseconds: Date {
        Date(timeIntervalSinceReferenceDate: (timeIntervalSinceReferenceDate * 1000).rounded() / 1000)
    }

    /// In UTC with three digits of a second, rounded: `ISO8601FormatStyle` would cut, and a time such as …20.123 has no
    /// exact binary form. Times from 1970 to 9999 are written here, at a fifth of the cost: every record has some.
    public var rfc3339: String {
        let count = (timeIntervalSinceReferenceDate * 1000).rounded()
        let since1970 = count + Date.timeIntervalBetween1970AndReferenceDate * 1000
        guard (0..<253_402_300_800_000).contains(since1970) else { return formattedByFoundation(count) }
        let day = CivilDay(since1970: Int(since1970) / 86_400_000)
        let rest = Int(since1970) % 86_400_000
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func put(_ value: Int, digits: Int, then separator: Character) {
            var divisor = digits == 4 ? 1000 : digits == 3 ? 100 : 10
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
            text.append(separator.asciiValue ?? UInt8(ascii: "Z"))
        }
        put(day.year, digits: 4, then: "-")
        put(day.month, digits: 2, then: "-")
        put(day.day, digits: 2, then: "T")
        put(rest / 3_600_000, digits: 2, then: ":")
        put(rest / 60_000 % 60, digits: 2, then: ":")
        put(rest / 1000 % 60, digits: 2, then: ".")
        put(rest % 1000, digits: 3, then: "Z")
        return String(decoding: text, as: UTF8.self)
    }

    private func formattedByFoundation(_ count: Double) -> String {
        let whole = (count / 1000).rounded(.down)
        let fraction = Int(count - whole * 1000)
        let text = Date(timeIntervalSinceReferenceDate: whole).formatted(Date.ISO8601FormatStyle())
        let digits = String(fraction)
        return text.dropLast() + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
    }

    /// With or without a fraction of a second; rounded to milliseconds.
    public init?(rfc3339 text: String) {
        if let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text) {
            self = date.milliseconds
            return
        }
        guard let date = try? Date.ISO8601FormatStyle().parse(text) else { return nil }
        self = date
    }
}

/// A day of the Gregorian calendar. Years are taken to begin in March, so that a leap day is the last of its year and
/// the lengths of the months follow one formula; 400 years, an era, have 146,097 days.
private struct CivilDay {
    let year: Int
    let month: Int
    let day: Int

    init(since1970 days: Int) {
        // 0000-03-01 is 719,468 days before 1970.
        let shifted = days + 719_468
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
    }
}
