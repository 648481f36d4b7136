/// Finds many short texts ("anchors") in bytes at once.
///
/// **How.** Every second position is looked up, by three bytes, in a table of the anchors' bytes; only where an anchor
/// may stand is it compared. Bytes without anchors cost little more than a look at them.
struct AnchorIndex: Sendable {
    static let bytesMin = 4

    private struct Entry: Sendable {
        let anchor: Int
        /// Where in the anchor the three bytes stand: 0 or 1.
        let offset: Int
    }

    private let anchors: [[UInt8]]
    private let entries: [UInt32: [Entry]]
    /// By hash, a bit each: whether three bytes may be of an anchor. So large that few others fall on the same, so
    /// small that it stays in the processor's nearest cache.
    private let mayBe: [UInt64]
    private static let hashBits: UInt32 = 17

    /// - Parameter anchors: each of at least `bytesMin` bytes.
    init(_ anchors: [[UInt8]]) {
        self.anchors = anchors
        var entries: [UInt32: [Entry]] = [:]
        var mayBe = [UInt64](repeating: 0, count: 1 << (Self.hashBits - 6))
        for (number, anchor) in anchors.enumerated() {
            precondition(anchor.count >= Self.bytesMin, "an anchor has four bytes: \(anchor)")
            anchor.withUnsafeBytes { anchor in
                for offset in 0...1 {
                    let key = Self.key(anchor, offset)
                    entries[key, default: []].append(Entry(anchor: number, offset: offset))
                    mayBe[Self.word(key)] |= Self.bit(key)
                }
            }
        }
        self.entries = entries
        self.mayBe = mayBe
    }

    private static func key(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
    }

    private static func hash(_ key: UInt32) -> UInt32 { (key &* 0x9E37_79B1) >> (32 - hashBits) }
    private static func word(_ key: UInt32) -> Int { Int(hash(key) >> 6) }
    private static func bit(_ key: UInt32) -> UInt64 { 1 << UInt64(hash(key) & 63) }

    /// Calls with the number of each anchor that begins in a part of the bytes and lies in them as a whole, and with
    /// where it stands; in no order.
    func find(
        in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, _ body: (_ anchor: Int, _ start: Int) -> Void
    ) {
        // An anchor that begins at the last place has its second three bytes one after it.
        let limit = min(end + 1, bytes.count - 2)
        let quickLimit = min(limit, bytes.count - 3)
        mayBe.withUnsafeBufferPointer { mayBe in
            func look(_ key: UInt32, _ index: Int) {
                guard mayBe[Self.word(key)] & Self.bit(key) != 0, let entries = entries[key] else { return }
                for entry in entries {
                    let first = index - entry.offset
                    guard first >= start, first < end, bytes[first...].starts(with: anchors[entry.anchor]) else {
                        continue
                    }
                    body(entry.anchor, first)
                }
            }
            var index = start
            while index < quickLimit {
                let four = bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)
                look(UInt32(littleEndian: four) & 0xFF_FFFF, index)
                index += 2
            }
            while index < limit {
                look(Self.key(bytes, index), index)
                index += 2
            }
        }
    }
}
