import Crypto
import Foundation

/// Works beside the thread that inflates a layer: computes the two SHA-256, stored and uncompressed, and does what else
/// is to be done with a block of output.
///
/// Inflating takes as long as both together; on a second core they cost no wall time. The thread begins with the first
/// block: a small layer is done in place, since a thread would cost more.
///
/// `@unchecked Sendable`: `jobs`, `busy` and the flags are only touched under `condition`; the hashers, and what
/// `work` touches, only by the thread until `close` saw it end.
final class SecondThread: @unchecked Sendable {
    enum Stream: Int { case stored, uncompressed }

    private struct Job {
        var stream: Stream
        var bytes: UnsafeRawBufferPointer
        var slot: Int
        var work: ((UnsafeRawBufferPointer) -> Void)?
    }

    private let condition = NSCondition()
    private var jobs: [Job] = []
    /// Blocks handed over and not yet done, by slot.
    private var busy: Set<Int> = []
    private var isClosed = false
    private var hasThread = false
    private var hasEnded = false
    private var hashers = [SHA256(), SHA256()]

    /// Hands over a block that stays as it is until `wait(for: slot)` returned.
    ///
    /// - Parameter work: runs on the thread, in the order of the blocks.
    func take(
        _ stream: Stream, _ bytes: UnsafeRawBufferPointer, slot: Int,
        work: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) {
        condition.lock()
        jobs.append(Job(stream: stream, bytes: bytes, slot: slot, work: work))
        busy.insert(slot)
        if !hasThread {
            hasThread = true
            start()
        }
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until the block in this slot is done.
    func wait(for slot: Int) {
        condition.lock()
        while busy.contains(slot) { condition.wait() }
        condition.unlock()
    }

    /// Waits until all blocks are done.
    func drain() {
        condition.lock()
        while !busy.isEmpty { condition.wait() }
        condition.unlock()
    }

    /// Hashes the last blocks, ends the thread, and gives both sums: stored, uncompressed.
    func finish(
        lastStored: UnsafeRawBufferPointer, lastUncompressed: UnsafeRawBufferPointer
    ) -> (stored: [UInt8], uncompressed: [UInt8]) {
        close()
        hashers[Stream.stored.rawValue].update(bufferPointer: lastStored)
        hashers[Stream.uncompressed.rawValue].update(bufferPointer: lastUncompressed)
        return (Array(hashers[0].finalize()), Array(hashers[1].finalize()))
    }

    /// Ends the thread when it has done what it was given, and waits for that: no block is read afterwards.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        while hasThread, !hasEnded { condition.wait() }
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
            while jobs.isEmpty, !isClosed { condition.wait() }
            if jobs.isEmpty { break }
            let job = jobs.removeFirst()
            condition.unlock()
            hashers[job.stream.rawValue].update(bufferPointer: job.bytes)
            job.work?(job.bytes)
            condition.lock()
            busy.remove(job.slot)
            condition.broadcast()
        }
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }
}
