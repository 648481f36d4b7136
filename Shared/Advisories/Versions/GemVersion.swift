/// RubyGems' order (`Gem::Version`): runs of digits and of letters; letters sort below numbers, so `1.0.a` is a
/// pre-release of `1.0`. A `-` stands for `.pre.`.
struct GemVersion: Sendable {
    private struct Segment: Sendable {
        let isNumber: Bool
        let text: ArraySlice<UInt8>
        var isZero: Bool { isNumber && text.isEmpty }
    }

    private let segments: [Segment]

    init(_ bytes: [UInt8]) throws(VersionFault) {
        guard bytes[0].isDigit else { throw VersionFault("does not start with a digit") }
        var segments: [Segment] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte.isDigit || byte.isLetter {
                let run = bytes[index...].prefix { byte.isDigit ? $0.isDigit : $0.isLetter }
                segments.append(Segment(isNumber: byte.isDigit, text: byte.isDigit ? Decimal.stripped(run) : run))
                index = run.endIndex
                continue
            }
            guard byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-"), index + 1 < bytes.count,
                bytes[index + 1].isDigit || bytes[index + 1].isLetter
            else { throw VersionFault("holds something that versions of gems do not have") }
            if byte == UInt8(ascii: "-") { segments.append(Segment(isNumber: false, text: Array("pre".utf8)[...])) }
            index += 1
        }
        let words = segments.firstIndex { !$0.isNumber } ?? segments.endIndex
        self.segments = Self.trimmed(segments[..<words]) + Self.trimmed(segments[words...])
    }

    private static func trimmed(_ part: ArraySlice<Segment>) -> [Segment] {
        Array(part.reversed().drop(while: \.isZero).reversed())
    }

    func compare(_ other: GemVersion) -> Int {
        for (left, right) in zip(segments, other.segments) {
            if left.isNumber != right.isNumber { return left.isNumber ? 1 : -1 }
            let difference =
                left.isNumber ? Decimal.compare(left.text, right.text) : Bytes.compare(left.text, right.text)
            if difference != 0 { return difference }
        }
        let common = min(segments.count, other.segments.count)
        if segments.count > common { return segments[common].isNumber ? 1 : -1 }
        if other.segments.count > common { return other.segments[common].isNumber ? -1 : 1 }
        return 0
    }
}
