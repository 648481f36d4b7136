/// The order of Semantic Versioning 2.0.0, as npm, Cargo and Go use it.
///
/// Read leniently: a leading `v` or `=`, and one to three numbers (advisories write `0` and `1.2`). The build part
/// after `+` is ignored. Go: also the toolchain's own form, `go1.22rc1`.
struct SemanticVersion: Sendable {
    private let numbers: [ArraySlice<UInt8>]
    private let preRelease: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) throws(VersionFault) {
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "v") || rest.first == UInt8(ascii: "V") || rest.first == UInt8(ascii: "=") {
            rest = rest.dropFirst()
        }
        let core = rest.prefix { $0 != UInt8(ascii: "+") }
        let dash = core.firstIndex(of: UInt8(ascii: "-"))
        let numbers = core[..<(dash ?? core.endIndex)].split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...3).contains(numbers.count), numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDigit) }) else {
            throw VersionFault("does not start with one to three numbers")
        }
        self.numbers = numbers.map(Decimal.stripped)
        guard let dash else {
            preRelease = []
            return
        }
        preRelease = core[(dash + 1)...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard preRelease.allSatisfy(Self.isIdentifier) else { throw VersionFault("has a bad pre-release part") }
    }

    /// Go: `v1.2.3`, `1.2.3`, or a toolchain's `go1.22rc1`, which is `1.22.0-rc.1`.
    init(go bytes: [UInt8]) throws(VersionFault) {
        guard bytes.starts(with: "go".utf8) else {
            self = try SemanticVersion(bytes)
            return
        }
        // What follows a blank or a + names an experiment or a vendor: `go1.21.1 X:nocoverageredesign`.
        let plain = bytes.dropFirst(2).prefix { $0 != 0x20 && $0 != UInt8(ascii: "+") }
        guard let letters = plain.firstIndex(where: \.isLetter) else {
            self = try SemanticVersion(Array(plain))
            return
        }
        let digits = plain[letters...].firstIndex(where: \.isDigit) ?? plain.endIndex
        let text = plain[..<letters] + "-".utf8 + plain[letters..<digits] + ".".utf8 + plain[digits...]
        self = try SemanticVersion(Array(text))
    }

    private static func isIdentifier(_ part: ArraySlice<UInt8>) -> Bool {
        !part.isEmpty && part.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
    }

    func compare(_ other: SemanticVersion) -> Int {
        for index in 0..<3 {
            let left = index < numbers.count ? numbers[index] : []
            let right = index < other.numbers.count ? other.numbers[index] : []
            let difference = Decimal.compare(left, right)
            if difference != 0 { return difference }
        }
        return Self.compare(preRelease, other.preRelease)
    }

    /// A version without a pre-release part is the greater one; numbers sort below words; the shorter list first.
    static func compare(_ left: [ArraySlice<UInt8>], _ right: [ArraySlice<UInt8>]) -> Int {
        if left.isEmpty || right.isEmpty { return right.count.signum() - left.count.signum() }
        for (one, other) in zip(left, right) {
            let numbers = (one.allSatisfy(\.isDigit), other.allSatisfy(\.isDigit))
            if numbers.0 != numbers.1 { return numbers.0 ? -1 : 1 }
            let difference = numbers.0 ? Decimal.compare(one, other) : Bytes.compare(one, other)
            if difference != 0 { return difference }
        }
        return left.count - right.count
    }
}
