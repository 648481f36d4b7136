/// Finds secrets in text that comes in pieces of any size, in one pass; what it finds does not depend on the pieces.
///
/// **Limits.** A pattern sees `behindBytes` before and `aheadBytes` after its anchor. The first `matchesMax` secrets
/// count.
struct SecretSearch {
    struct Match: Hashable {
        var kind: SecretKind
        /// From 1.
        var line: Int
        var sample: String
    }

    static let behindBytes = 64
    static let aheadBytes = 2048
    static let matchesMax = 20
    /// A NUL among so many first bytes says that it is no text.
    static let textBytes = 1024

    private static let index = AnchorIndex(SecretPatterns.all.map(\.anchor))

    private var matches: [Match] = []
    private var window = SlidingWindow(behindBytes: behindBytes, aheadBytes: aheadBytes)
    private var linesBefore = 0
    /// Known once there are `textBytes`, or all.
    private var isText: Bool?

    /// - Returns: false when nothing more is to be found.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard wantsMore else { return false }
        var window = window
        self.window = SlidingWindow(behindBytes: 0, aheadBytes: 0)
        window.take(bytes) { search($0, $1, past: $2) }
        self.window = window
        return wantsMore
    }

    mutating func finish() -> [Match] {
        var window = window
        window.finish { search($0, $1, past: $2) }
        return matches
    }

    private var wantsMore: Bool { matches.count < Self.matchesMax && isText != false }

    private mutating func search(_ text: UnsafeRawBufferPointer, _ places: Range<Int>, past: Int) {
        if isText == nil { isText = !text.prefix(Self.textBytes).contains(0) }
        guard wantsMore else { return }
        var position = 0
        var line = linesBefore + 1
        for (pattern, range) in Self.found(in: text, places) where matches.count < Self.matchesMax {
            line += Self.newlines(text, position, range.lowerBound)
            position = max(position, range.lowerBound)
            matches.append(Match(kind: pattern.kind, line: line, sample: pattern.sample(count: range.count)))
        }
        linesBefore += Self.newlines(text, 0, past)
    }

    private static func newlines(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
        var count = 0
        var index = start
        let newlines: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        // Eight bytes at once: the top bit of each that is a newline, summed up bytewise.
        while index + 8 <= end {
            var sums: UInt64 = 0
            for _ in 0..<min(31, (end - index) / 8) {
                let other = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ newlines
                sums &+= ~(((other & low) &+ low) | other | low) >> 7
                index += 8
            }
            count &+= Int(truncatingIfNeeded: (sums &* 0x0101_0101_0101_0101) >> 56)
        }
        while index < end {
            if bytes[index] == UInt8(ascii: "\n") { count &+= 1 }
            index += 1
        }
        return count
    }

    /// In the order of the text.
    private static func found(
        in text: UnsafeRawBufferPointer, _ places: Range<Int>
    ) -> [(pattern: SecretPattern, range: Range<Int>)] {
        var found: [(pattern: SecretPattern, range: Range<Int>)] = []
        index.find(in: text, from: places.lowerBound, to: places.upperBound) { number, start in
            let pattern = SecretPatterns.all[number]
            if let range = pattern.match(text, start) { found.append((pattern, range)) }
        }
        return found.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// Every secret of a short text, the first first; they do not overlap.
    static func ranges(in text: [UInt8]) -> [(pattern: SecretPattern, range: Range<Int>)] {
        var end = 0
        return text.withUnsafeBytes { found(in: $0, 0..<$0.count) }.filter { match in
            guard match.range.lowerBound >= end else { return false }
            end = match.range.upperBound
            return true
        }
    }
}

extension SecretPattern {
    /// What may be shown. A key has no length that says anything, and may be longer than what is seen of it at once.
    func sample(count: Int) -> String { kind == .privateKey ? shown : "\(shown)… (\(count) characters)" }
}
