import Crypto
import Foundation

/// Works beside the thread that inflates a layer: computes the two SHA-256, stored and uncompressed, and does what else
/// is to be done with a block of output.
///
/// Which of the two has more to do depends on the layer. So whoever has time hashes: the second thread does it before
/// its own work on a block, and the first one while it would only wait for a block to become free. Each of the sums is
/// computed in the order of the blocks, by one of them at a time.
///
/// The thread begins with the first block: a small layer is done in place, since a thread would cost more.
///
/// `@unchecked Sendable`: everything but the hashers is only touched under `condition`; a hasher only by whoever set
/// its `isRunning`, or when the thread has ended.
final class SecondThread: @unchecked Sendable {
    enum Stream { case stored, uncompressed }

    /// A block that stays as it is until it is done.
    private struct Block {
        let bytes: UnsafeRawBufferPointer
        let memory: BlockMemory
        let slot: Int
        /// Counts the blocks of its stream.
        let number: Int
    }

    private final class Sum {
        var hasher = SHA256()
        var waiting: [Block] = []
        var isRunning = false
        var taken = 0

        func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }
        func value() -> [UInt8] { Array(hasher.finalize()) }
    }

    private let condition = NSCondition()
    private let stored = Sum()
    private let uncompressed = Sum()
    private let work: (UnsafeRawBufferPointer) -> Void
    /// Blocks of output with which the work is not done.
    private var works: [Block] = []
    /// By slot: how much is still to be done with its block.
    private var busy: [Int: Int] = [:]
    private var isClosed = false
    private var hasThread = false
    private var hasEnded = false

    /// - Parameter work: is done with each block of output, in their order, on the thread.
    init(work: @escaping (UnsafeRawBufferPointer) -> Void) { self.work = work }

    /// Hands over a block that stays as it is until `wait(for: slot)` returned.
    ///
    /// - Parameters:
    ///   - memory: holds the block.
    ///   - slot: a number that no other block has meanwhile.
    func take(_ stream: Stream, _ bytes: UnsafeRawBufferPointer, of memory: BlockMemory, slot: Int) {
        condition.lock()
        let sum = sum(of: stream)
        let block = Block(bytes: bytes, memory: memory, slot: slot, number: sum.taken)
        sum.taken += 1
        sum.waiting.append(block)
        busy[slot] = 1
        if stream == .uncompressed {
            works.append(block)
            busy[slot] = 2
        }
        if !hasThread {
            hasThread = true
            start()
        }
        condition.broadcast()
        condition.unlock()
    }

    private func sum(of stream: Stream) -> Sum { stream == .stored ? stored : uncompressed }

    /// Waits until the block in this slot is done, and hashes meanwhile.
    func wait(for slot: Int) { help { busy[slot] == nil } }

    /// Waits until all blocks are done, and hashes meanwhile.
    func drain() { help { busy.isEmpty } }

    private func help(until isDone: () -> Bool) {
        condition.lock()
        while !isDone() {
            if isReady(stored) {
                hashNext(stored)
            } else if isReady(uncompressed) {
                hashNext(uncompressed)
            } else {
                condition.wait()
            }
        }
        condition.unlock()
    }

    /// Hashes the last blocks, ends the thread, and gives both sums: stored, uncompressed.
    func finish(
        lastStored: UnsafeRawBufferPointer, lastUncompressed: UnsafeRawBufferPointer
    ) -> (stored: [UInt8], uncompressed: [UInt8]) {
        drain()
        close()
        condition.lock()
        while hasThread, !hasEnded { condition.wait() }
        condition.unlock()
        stored.update(lastStored)
        uncompressed.update(lastUncompressed)
        return (stored.value(), uncompressed.value())
    }

    /// Lets the thread end with what it is at. Blocks that wait are dropped; nothing is waited for.
    func close() {
        condition.lock()
        isClosed = true
        for sum in [stored, uncompressed] { sum.waiting = [] }
        works = []
        condition.broadcast()
        condition.unlock()
    }

    private func start() {
        let thread = Thread { [self] in run() }
        thread.name = "layer-second"
        // Analysers run here, too.
        thread.stackSize = 2 << 20
        thread.start()
    }

    private func run() {
        condition.lock()
        while true {
            if let next = works.first, !isToBeHashed(next) {
                works.removeFirst()
                condition.unlock()
                work(next.bytes)
                condition.lock()
                done(next)
            } else if isReady(uncompressed) {
                hashNext(uncompressed)
            } else if isReady(stored) {
                hashNext(stored)
            } else if isClosed {
                break
            } else {
                condition.wait()
            }
        }
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }

    // MARK: Under the lock

    /// Whether nobody hashes it yet: that comes first, and the work then finds the block in the processor's cache.
    private func isToBeHashed(_ block: Block) -> Bool {
        isReady(uncompressed) && uncompressed.waiting[0].number <= block.number
    }

    private func isReady(_ sum: Sum) -> Bool { !sum.isRunning && !sum.waiting.isEmpty }

    /// Hashes the next block, without the lock meanwhile.
    private func hashNext(_ sum: Sum) {
        let block = sum.waiting.removeFirst()
        sum.isRunning = true
        condition.unlock()
        sum.update(block.bytes)
        condition.lock()
        sum.isRunning = false
        done(block)
    }

    private func done(_ block: Block) {
        busy[block.slot] = busy[block.slot].flatMap { $0 > 1 ? $0 - 1 : nil }
        condition.broadcast()
    }
}
