/// Alpine's order: `1.2.3b_rc1~hash-r4` (apk-package(5); `version.c` of apk-tools).
///
/// Numbers, an optional letter, suffixes of which `_alpha _beta _pre _rc` sort below the bare version and
/// `_cvs _svn _git _hg _p` above it, an optional commit, and the package's revision.
struct ApkVersion: Sendable {
    private enum Part: Int {
        case first, number, letter, suffix, suffixNumber, commit, revision, end
    }

    private struct Token: Sendable {
        let part: Int
        /// A letter, or the rank of a suffix: negative for those below the bare version.
        var rank = 0
        var digits: ArraySlice<UInt8> = []
    }

    private static let suffixes: [(name: [UInt8], rank: Int)] = [
        "alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p",
    ].enumerated().map { (Array($0.element.utf8), $0.offset - 4) }

    private let tokens: [Token]

    init(_ bytes: [UInt8]) throws(VersionFault) {
        var tokens: [Token] = []
        var index = 0
        func digits() -> ArraySlice<UInt8> {
            let start = index
            while index < bytes.count, bytes[index].isDigit { index += 1 }
            return bytes[start..<index]
        }
        func takes(_ byte: UInt8) -> Bool {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }
        func add(_ part: Part, rank: Int = 0, _ digits: ArraySlice<UInt8> = []) {
            tokens.append(Token(part: part.rawValue, rank: rank, digits: digits))
        }
        var number = digits()
        guard !number.isEmpty else { throw VersionFault("does not start with a digit") }
        add(.first, number)
        while takes(UInt8(ascii: ".")) {
            number = digits()
            guard !number.isEmpty else { throw VersionFault("wants a number after .") }
            add(.number, number)
        }
        if index < bytes.count, bytes[index].isLetter, bytes[index] == bytes[index].lowercased {
            add(.letter, rank: Int(bytes[index]))
            index += 1
        }
        while takes(UInt8(ascii: "_")) {
            let start = index
            while index < bytes.count, bytes[index].isLetter { index += 1 }
            guard let suffix = Self.suffixes.first(where: { $0.rank != 0 && $0.name[...] == bytes[start..<index] })
            else {
                throw VersionFault("has an unknown suffix after _")
            }
            add(.suffix, rank: suffix.rank)
            number = digits()
            if !number.isEmpty { add(.suffixNumber, number) }
        }
        if takes(UInt8(ascii: "~")) {
            let start = index
            while index < bytes.count, bytes[index].isDigit || (0x61...0x66).contains(bytes[index]) { index += 1 }
            guard index > start else { throw VersionFault("wants a commit in hex after ~") }
            add(.commit, bytes[start..<index])
        }
        if takes(UInt8(ascii: "-")) {
            guard takes(UInt8(ascii: "r")) else { throw VersionFault("wants r and a number after -") }
            number = digits()
            guard !number.isEmpty else { throw VersionFault("wants a number after -r") }
            add(.revision, number)
        }
        guard index == bytes.count else { throw VersionFault("holds something that apk versions do not have") }
        add(.end)
        self.tokens = tokens
    }

    func compare(_ other: ApkVersion) -> Int {
        for (left, right) in zip(tokens, other.tokens) {
            guard left.part == right.part else { return Self.compareParts(left, right) }
            let difference = Self.compareValues(left, right)
            if difference != 0 { return difference }
        }
        return 0
    }

    /// What goes on is greater than what ends, unless it goes on with a suffix of a pre-release.
    private static func compareParts(_ left: Token, _ right: Token) -> Int {
        if left.part == Part.suffix.rawValue, left.rank < 0 { return -1 }
        if right.part == Part.suffix.rawValue, right.rank < 0 { return 1 }
        return right.part - left.part
    }

    private static func compareValues(_ left: Token, _ right: Token) -> Int {
        switch Part(rawValue: left.part) {
        case .letter, .suffix: left.rank - right.rank
        case .commit: Bytes.compare(left.digits, right.digits)
        // A number with a leading zero sorts as text, as in Gentoo's rules.
        case .number where left.digits.first == 0x30 || right.digits.first == 0x30:
            Bytes.compare(left.digits, right.digits)
        default: Decimal.compare(left.digits, right.digits)
        }
    }
}
