import EventLogPort

/// What one partition of a member has: records that were handed out and are not finished, and records that wait for
/// room. A value, so it can be tested without a broker.
///
/// At most `handedMax` are handed out; at most about `heldMax` wait, since the partition is paused from then on until
/// no more than `resumeAt` do.
struct PartitionWindow {
    static let handedMax = 64
    static let heldMax = 64
    static let resumeAt = 16

    /// Positions of unfinished records, in order.
    private var handed: [Int64] = []
    private var held: [Record] = []
    private var head = 0
    /// The last position that came; later ones are new.
    private var last: Int64 = -1
    /// Where a new owner begins: everything before it is finished. Nil while nothing came.
    private(set) var next: Int64?
    private(set) var isPaused = false

    private var heldCount: Int { held.count - head }

    /// Whether records can be handed out.
    var isReady: Bool { heldCount > 0 && handed.count < Self.handedMax }
    /// What `isPaused` should be.
    var wantsPause: Bool { isPaused ? heldCount > Self.resumeAt : heldCount >= Self.heldMax }

    mutating func receive(_ record: Record) {
        guard record.position > last else { return }
        last = record.position
        if next == nil { next = record.position }
        held.append(record)
    }

    /// As many records as there is room for.
    mutating func take() -> [Record] {
        let count = min(heldCount, Self.handedMax - handed.count)
        guard count > 0 else { return [] }
        let taken = Array(held[head..<head + count])
        head += count
        if head == held.count {
            held = []
            head = 0
        } else if head >= Self.heldMax {
            held.removeFirst(head)
            head = 0
        }
        handed += taken.map(\.position)
        return taken
    }

    /// - Returns: where a new owner would begin, if that moved.
    mutating func finish(_ position: Int64) -> Int64? {
        guard let index = handed.firstIndex(of: position) else { return nil }
        handed.remove(at: index)
        let lowest = handed.first ?? (heldCount > 0 ? held[head].position : last + 1)
        guard lowest != next else { return nil }
        next = lowest
        return lowest
    }

    mutating func paused(_ isPaused: Bool) { self.isPaused = isPaused }
}
