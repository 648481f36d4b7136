import Synchronization

/// Pieces of memory for the values of many messages, used again: fresh memory costs a fault for each of its pages, and
/// those take longer than the copying.
final class ValueMemory: Sendable {
    static let shared = ValueMemory()

    /// Of one piece: what the values that share one may have.
    static let pieceBytes = 1 << 20
    /// Fewer bytes get memory of just their size: a piece would be held for little.
    static let bytesMin = 128 << 10
    /// More that nobody needs are given back to the system.
    static let sparePiecesMax = 4

    private struct Piece: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
    }

    private let spare = Mutex<[Piece]>([])

    var sparePieces: Int { spare.withLock { $0.count } }

    static func isWorthwhile(_ bytes: Int) -> Bool { bytes >= bytesMin && bytes <= pieceBytes }

    func take() -> UnsafeMutableRawPointer {
        spare.withLock { $0.popLast() }?.start
            ?? UnsafeMutableRawPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
    }

    /// - Parameter start: what `take` gave; nothing may read there any more.
    func giveBack(_ start: UnsafeMutableRawPointer) {
        let piece = Piece(start: start)
        let isKept = spare.withLock { spare in
            guard spare.count < Self.sparePiecesMax else { return false }
            spare.append(piece)
            return true
        }
        if !isKept { start.deallocate() }
    }
}
