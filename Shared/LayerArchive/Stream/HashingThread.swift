import Crypto
import Foundation

/// Computes the two SHA-256 of a layer, stored and uncompressed, beside the thread that inflates.
///
/// Hashing the output of inflate costs about half of inflating it; on a second core it costs no wall time. The thread
/// begins with the first block: a small layer is hashed in place, since a thread would cost more.
///
/// `@unchecked Sendable`: `jobs`, `isClosed` and `unfinished` are only touched under `condition`; the hashers only by
/// the thread until `finish` saw it end.
final class HashingThread: @unchecked Sendable {
    enum Stream: Int { case stored, uncompressed }

    private struct Job {
        var stream: Stream
        var bytes: UnsafeRawBufferPointer
        var slot: Int
    }

    private let condition = NSCondition()
    private var jobs: [Job] = []
    /// Blocks handed over and not yet hashed, by slot.
    private var busy: Set<Int> = []
    private var isClosed = false
    private var hasThread = false
    private var hasEnded = false
    private var hashers = [SHA256(), SHA256()]

    /// Hands over a block that stays as it is until `wait(for: slot)` returned.
    func hash(_ stream: Stream, _ bytes: UnsafeRawBufferPointer, slot: Int) {
        condition.lock()
        jobs.append(Job(stream: stream, bytes: bytes, slot: slot))
        busy.insert(slot)
        if !hasThread {
            hasThread = true
            start()
        }
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until the block in this slot is hashed.
    func wait(for slot: Int) {
        condition.lock()
        while busy.contains(slot) { condition.wait() }
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

    /// Ends the thread when it has hashed what it was given, and waits for that: no block is read afterwards.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        while hasThread, !hasEnded { condition.wait() }
        condition.unlock()
    }

    private func start() {
        let thread = Thread { [self] in run() }
        thread.name = "layer-hash"
        thread.stackSize = 256 << 10
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
            condition.lock()
            busy.remove(job.slot)
            condition.broadcast()
        }
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }
}
