/// A set of bytes.
struct ByteSet: Sendable {
    private let bits: SIMD4<UInt64>

    init(_ members: some Sequence<UInt8>) {
        var bits = SIMD4<UInt64>()
        for byte in members { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        self.bits = bits
    }
    private init(_ ranges: [ClosedRange<UInt8>], _ others: String) { self.init(ranges.joined() + Array(others.utf8)) }

    func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
    var members: [UInt8] { (0...UInt8.max).filter(contains) }

    /// Where a run of members ends, after so many bytes at most.
    func end(of text: UnsafeRawBufferPointer, from start: Int, most: Int) -> Int {
        var index = min(start, text.count)
        let limit = min(text.count, index + most)
        while index < limit, contains(text[index]) { index += 1 }
        return index
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let upper = UInt8(ascii: "A")...UInt8(ascii: "Z")
    private static let lower = UInt8(ascii: "a")...UInt8(ascii: "z")

    static let letters = ByteSet([upper, lower], "")
    static let alphanumeric = ByteSet([digits, upper, lower], "")
    static let upperAndDigits = ByteSet([digits, upper], "")
    static let lowerHex = ByteSet([digits, UInt8(ascii: "a")...UInt8(ascii: "f")], "")
    static let hex = ByteSet(lowerHex.members + Array("ABCDEF".utf8))
    static let word = ByteSet([digits, upper, lower], "_")
    /// base64url without padding.
    static let url64 = ByteSet([digits, upper, lower], "_-")
    static let url64AndDots = ByteSet([digits, upper, lower], "_-.")
    static let base64 = ByteSet([digits, upper, lower], "+/")
    static let base64AndPadding = ByteSet([digits, upper, lower], "+/=")
    static let path = ByteSet([digits, upper, lower], "_-/")
    static let keyLabel = ByteSet([digits, upper], " ")
    static let assignment = ByteSet(Array(" \t=:>\"'\\".utf8))
    static let userName = ByteSet([digits, upper, lower], "._%+-")
    /// What stands in a password of an URL; no signs of templates, such as `${PASSWORD}`.
    static let password = ByteSet((0x21...0x7E).filter { !"@/:\"'<>`{}$()[]\\|,; *".utf8.contains($0) })
}
