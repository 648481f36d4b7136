/// Memory that lives as long as somebody holds this.
///
/// `@unchecked Sendable`: who may touch which part of it when, those who hold it agree on.
final class BlockMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }

    deinit { bytes.deallocate() }
}

/// A few blocks of memory, filled one after the other, round and round.
struct BlockRing: ~Copyable {
    let memory: BlockMemory
    private let slots: Int
    let blockBytes: Int
    private(set) var slot = 0
    private(set) var count = 0

    init(slots: Int, blockBytes: Int) {
        memory = BlockMemory(byteCount: slots * blockBytes)
        self.slots = slots
        self.blockBytes = blockBytes
    }

    var isAtStart: Bool { count == 0 }
    var isFull: Bool { count == blockBytes }
    /// What the current block holds.
    var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.bytes[start..<(start + count)]) }
    /// What is free in it.
    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory.bytes[(start + count)..<(start + blockBytes)])
    }

    private var start: Int { slot * blockBytes }

    /// Copies as much as fits.
    mutating func fill(_ bytes: UnsafeRawBufferPointer) -> Int {
        let room = room
        let step = min(room.count, bytes.count)
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<step]))
        count += step
        return step
    }

    mutating func wrote(_ bytes: Int) { count += bytes }

    mutating func advance() {
        slot = (slot + 1) % slots
        count = 0
    }
}
