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
    /// exact binary form.
    public var rfc3339: String {
        let count = (timeIntervalSinceReferenceDate * 1000).rounded()
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
