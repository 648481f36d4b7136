/// Bytes that come in pieces of any size, of which each place is looked at once, with enough around it.
struct SlidingWindow {
    /// What is seen before a place, and after it while there is more.
    let behindBytes: Int
    let aheadBytes: Int

    private var buffer: [UInt8] = []
    /// Where in the buffer places were not looked at yet.
    private var next = 0

    init(behindBytes: Int, aheadBytes: Int) {
        self.behindBytes = behindBytes
        self.aheadBytes = aheadBytes
    }

    /// - Parameter body: gets what is known, which places of it to look at, and where what it will not see again ends.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ known: UnsafeRawBufferPointer, _ places: Range<Int>, _ past: Int) -> Void
    ) {
        guard bytes.count >= 2 * (behindBytes + aheadBytes) else {
            buffer.append(contentsOf: bytes)
            return look(until: buffer.count - aheadBytes, body)
        }
        // Only the seam is copied. After it, what is held ends with `behindBytes` of the new bytes.
        let held = buffer.count
        buffer.append(contentsOf: bytes.prefix(behindBytes + aheadBytes))
        look(until: held + behindBytes, body)
        // Places from here on are looked at in the bytes themselves.
        let last = bytes.count - aheadBytes
        let past = last - behindBytes
        body(bytes, behindBytes..<last, past)
        buffer = Array(bytes[past...])
        next = behindBytes
    }

    mutating func finish(
        _ body: (_ known: UnsafeRawBufferPointer, _ places: Range<Int>, _ past: Int) -> Void
    ) {
        look(until: buffer.count, body)
    }

    private mutating func look(until limit: Int, _ body: (UnsafeRawBufferPointer, Range<Int>, Int) -> Void) {
        guard limit > next else { return }
        let past = max(0, limit - behindBytes)
        buffer.withUnsafeBytes { body($0, next..<limit, past) }
        buffer.removeFirst(past)
        next = limit - past
    }
}
