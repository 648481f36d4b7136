/// Maven's order (`ComparableVersion`; POM reference, "Version Order Specification").
///
/// Tokens end at `.`, `-`, `_` and between digits and letters. `alpha < beta < milestone < rc < snapshot < (none) <
/// sp`, other words after these, numbers last. Null values (`0`, ``, `final`, `ga`, `release`) at the end of a part are
/// dropped.
struct MavenVersion: Sendable {
    private struct Token: Sendable {
        /// Whether `-` or a change between digits and letters came before it.
        var isHyphen: Bool
        var isNumber: Bool
        /// Digits without leading zeros, or the word in lower case.
        var text: ArraySlice<UInt8>
        /// A known word's place; 0 is the bare version, 2 any other word.
        var rank = 0

        var isNull: Bool { isNumber ? text.isEmpty : rank == 0 }
    }

    private static let ranks: [[UInt8]: Int] = {
        let known = [
            "alpha": -5, "beta": -4, "milestone": -3, "rc": -2, "cr": -2, "snapshot": -1, "": 0, "final": 0, "ga": 0,
            "release": 0, "sp": 1,
        ]
        return Dictionary(uniqueKeysWithValues: known.map { (Array($0.key.utf8), $0.value) })
    }()

    private let tokens: [Token]

    init(_ text: [UInt8]) throws(VersionFault) {
        guard text.contains(where: \.isDigit) else { throw VersionFault("holds no digit") }
        var tokens: [Token] = []
        let bytes = text.map(\.lowercased)
        var index = 0
        var isHyphen = false
        while index <= bytes.count {
            let isNumber = index < bytes.count && bytes[index].isDigit
            let run = bytes[index...].prefix { !Self.isSeparator($0) && $0.isDigit == isNumber }
            let changes = run.endIndex < bytes.count && !Self.isSeparator(bytes[run.endIndex])
            tokens.append(Self.token(run, isHyphen: isHyphen, isNumber: isNumber, beforeDigit: changes))
            index = run.endIndex
            isHyphen = changes || (index < bytes.count && bytes[index] == UInt8(ascii: "-"))
            if !changes { index += 1 }
        }
        self.tokens = Self.trimmed(tokens)
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func token(_ run: ArraySlice<UInt8>, isHyphen: Bool, isNumber: Bool, beforeDigit: Bool) -> Token {
        // An empty token stands for 0.
        if isNumber || run.isEmpty { return Token(isHyphen: isHyphen, isNumber: true, text: Decimal.stripped(run)) }
        var word = Array(run)
        if beforeDigit, word.count == 1 {
            switch word[0] {
            case UInt8(ascii: "a"): word = Array("alpha".utf8)
            case UInt8(ascii: "b"): word = Array("beta".utf8)
            case UInt8(ascii: "m"): word = Array("milestone".utf8)
            default: break
            }
        }
        return Token(isHyphen: isHyphen, isNumber: false, text: word[...], rank: ranks[word] ?? 2)
    }

    /// Drops null values at the end, before each hyphen and before each word.
    private static func trimmed(_ tokens: [Token]) -> [Token] {
        var kept: [Token] = []
        for token in tokens {
            if token.isHyphen || !token.isNumber {
                while kept.count > 1, kept.last?.isNull == true { kept.removeLast() }
            }
            kept.append(token)
        }
        while kept.count > 1, kept.last?.isNull == true { kept.removeLast() }
        return kept
    }

    func compare(_ other: MavenVersion) -> Int {
        for index in 0..<max(tokens.count, other.tokens.count) {
            let left = index < tokens.count ? tokens[index] : nil
            let right = index < other.tokens.count ? other.tokens[index] : nil
            let difference = Self.compare(left ?? Self.padding(right), right ?? Self.padding(left))
            if difference != 0 { return difference }
        }
        return 0
    }

    /// The null value of the other side's kind: `0` for a number, the bare version for a word.
    private static func padding(_ token: Token?) -> Token {
        Token(isHyphen: token?.isHyphen ?? false, isNumber: token?.isNumber ?? true, text: [])
    }

    private static func compare(_ left: Token, _ right: Token) -> Int {
        let classes = (left.isNumber ? (left.isHyphen ? 1 : 2) : 0, right.isNumber ? (right.isHyphen ? 1 : 2) : 0)
        if classes.0 != classes.1 { return classes.0 - classes.1 }
        if left.isNumber { return Decimal.compare(left.text, right.text) }
        if left.rank != right.rank { return left.rank - right.rank }
        return left.rank == 2 ? Bytes.compare(left.text, right.text) : 0
    }
}
