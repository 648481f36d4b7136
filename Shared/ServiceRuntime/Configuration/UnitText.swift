import Model

/// Durations and sizes as people write them.
enum UnitText {
    private static let durations: [(unit: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    private static let sizes: [(unit: String, bytes: Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    static func duration(_ text: String) throws(ParseError) -> Duration {
        let (number, unit) = split(text)
        guard let number, number >= 0, let scale = durations.first(where: { $0.unit == unit })?.milliseconds,
            case let (milliseconds, overflow) = Int64(number).multipliedReportingOverflow(by: scale), !overflow
        else {
            throw ParseError("duration", in: text, "it must be a number with a unit: 500ms, 30s, 5m, 2h, 7d")
        }
        return .milliseconds(milliseconds)
    }

    static func bytes(_ text: String) throws(ParseError) -> Int {
        let (number, unit) = split(text)
        guard let number, number >= 0, let scale = sizes.first(where: { $0.unit == unit || unit.isEmpty })?.bytes,
            case let (bytes, overflow) = number.multipliedReportingOverflow(by: scale), !overflow
        else {
            throw ParseError("size", in: text, "it must be a number with a unit: 65536, 64KiB, 16MiB, 1GiB")
        }
        return bytes
    }

    /// In the largest unit that shows it whole.
    static func show(_ duration: Duration) -> String {
        let milliseconds =
            duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
        guard milliseconds != 0 else { return "0s" }
        let unit = durations.last { milliseconds.isMultiple(of: $0.milliseconds) } ?? durations[0]
        return "\(milliseconds / unit.milliseconds)\(unit.unit)"
    }

    static func show(bytes: Int) -> String {
        guard bytes != 0 else { return "0B" }
        let unit = sizes.last { bytes.isMultiple(of: $0.bytes) } ?? sizes[0]
        return "\(bytes / unit.bytes)\(unit.unit)"
    }

    private static func split(_ text: String) -> (Int?, String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return (Int(digits), String(text.dropFirst(digits.count)))
    }
}
