/// Finds secrets in text that comes in pieces of any size, in one pass; what it finds does not depend on the pieces.
///
/// **How.** Every second position of the text is looked up, by three bytes, in a table of the anchors' bytes; only
/// where one may stand is it compared, and only where it stands does the pattern decide. Text without secrets costs
/// little more than a look at its bytes.
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

    private(set) var matches: [Match] = []
    /// The end of the text so far, as far as it may still belong to a match.
    private var buffer: [UInt8] = []
    /// Where in the buffer anchors were not looked for yet.
    private var next = 0
    private var linesBefore = 0

    /// - Returns: false when it has as many matches as count.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard matches.count < Self.matchesMax else { return false }
        buffer.append(contentsOf: bytes)
        search(until: buffer.count - Self.aheadBytes)
        return matches.count < Self.matchesMax
    }

    mutating func finish() -> [Match] {
        search(until: buffer.count)
        return matches
    }

    private mutating func search(until limit: Int) {
        guard limit > next else { return }
        var found: [(SecretPattern, Range<Int>)] = []
        buffer.withUnsafeBytes { text in
            SecretIndex.standard.anchors(in: text, from: next, to: limit) { pattern, start in
                if let range = pattern.match(text, start) { found.append((pattern, range)) }
            }
        }
        var position = 0
        var line = linesBefore + 1
        for (pattern, range) in found.sorted(by: { $0.1.lowerBound < $1.1.lowerBound })
        where matches.count < Self.matchesMax {
            line += Self.newlines(buffer, position, range.lowerBound)
            position = max(position, range.lowerBound)
            matches.append(Match(kind: pattern.kind, line: line, sample: pattern.sample(count: range.count)))
        }
        next = limit
        let past = limit - Self.behindBytes
        guard past > 0 else { return }
        linesBefore += Self.newlines(buffer, 0, past)
        buffer.removeFirst(past)
        next -= past
    }

    private static func newlines(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        guard start < end else { return 0 }
        var count = 0
        bytes.withUnsafeBufferPointer { bytes in
            for index in start..<end where bytes[index] == UInt8(ascii: "\n") { count &+= 1 }
        }
        return count
    }

    /// Every secret of a short text, the first first; they do not overlap.
    static func ranges(in text: [UInt8]) -> [(pattern: SecretPattern, range: Range<Int>)] {
        var found: [(pattern: SecretPattern, range: Range<Int>)] = []
        text.withUnsafeBytes { text in
            SecretIndex.standard.anchors(in: text, from: 0, to: text.count) { pattern, start in
                if let range = pattern.match(text, start) { found.append((pattern, range)) }
            }
        }
        found.sort { $0.range.lowerBound < $1.range.lowerBound }
        var end = 0
        return found.filter { match in
            guard match.range.lowerBound >= end else { return false }
            end = match.range.upperBound
            return true
        }
    }
}

extension SecretPattern {
    /// What may be shown.
    func sample(count: Int) -> String { "\(shown)… (\(count) characters)" }
}

/// Where anchors stand in a text.
struct SecretIndex: Sendable {
    static let anchorBytesMin = 4
    static let standard = SecretIndex(SecretPatterns.all)

    private struct Entry: Sendable {
        let pattern: Int
        /// Where in the anchor the three bytes stand: 0 or 1.
        let offset: Int
    }

    private let patterns: [SecretPattern]
    private let entries: [UInt32: [Entry]]
    /// By hash: whether three bytes may be of an anchor.
    private let mayBe: [Bool]

    init(_ patterns: [SecretPattern]) {
        self.patterns = patterns
        var entries: [UInt32: [Entry]] = [:]
        var mayBe = [Bool](repeating: false, count: 1 << 15)
        for (number, pattern) in patterns.enumerated() {
            precondition(pattern.anchor.count >= Self.anchorBytesMin, "an anchor has four bytes: \(pattern.shown)")
            pattern.anchor.withUnsafeBytes { anchor in
                for offset in 0...1 {
                    let key = Self.key(anchor, offset)
                    entries[key, default: []].append(Entry(pattern: number, offset: offset))
                    mayBe[Self.hash(key)] = true
                }
            }
        }
        self.entries = entries
        self.mayBe = mayBe
    }

    private static func key(_ text: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
        UInt32(text[index]) | UInt32(text[index + 1]) << 8 | UInt32(text[index + 2]) << 16
    }

    private static func hash(_ key: UInt32) -> Int { Int((key &* 0x9E37_79B1) >> 17) }

    /// Calls for every anchor that begins in a part of a text and lies in it as a whole.
    func anchors(
        in text: UnsafeRawBufferPointer, from start: Int, to end: Int, _ body: (SecretPattern, Int) -> Void
    ) {
        // An anchor that begins at the last place has its second three bytes one after it.
        let limit = min(end + 1, text.count - 2)
        mayBe.withUnsafeBufferPointer { mayBe in
            var index = start
            while index < limit {
                let key = Self.key(text, index)
                if mayBe[Self.hash(key)], let entries = entries[key] {
                    for entry in entries {
                        let first = index - entry.offset
                        let pattern = patterns[entry.pattern]
                        guard first >= start, first < end, text[first...].starts(with: pattern.anchor) else { continue }
                        body(pattern, first)
                    }
                }
                index += 2
            }
        }
    }
}
