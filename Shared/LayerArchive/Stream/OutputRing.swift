import Synchronization

/// The uncompressed side: each full block is hashed, and the second thread walks its part of the archive.
final class OutputRing {
    /// Slots of the output have numbers of their own in the second thread.
    private static let firstSlot = 100

    let second: SecondThread
    private let limits: LayerLimits
    private let walk: ArchiveWalk
    private var ring: BlockRing
    /// How many stored bytes the output so far came from at most; for the ratio.
    var storedBytes: Int64 = 0
    private(set) var totalBytes: Int64 = 0

    init(limits: LayerLimits, selector: (any EntrySelector)?, blockBytes: Int) {
        ring = BlockRing(slots: LayerReader.outputSlots, blockBytes: blockBytes)
        self.limits = limits
        let walk = ArchiveWalk(limits: limits, selector: selector)
        self.walk = walk
        second = SecondThread { walk.take($0) }
    }

    /// Once the archive is over.
    var contents: LayerContents { walk.contents }
    /// The last, partly filled block.
    var unhashed: UnsafeRawBufferPointer { ring.filled }

    /// A stretch of at least one byte to write to.
    func room() -> UnsafeMutableRawBufferPointer {
        if ring.isAtStart { second.wait(for: Self.firstSlot + ring.slot) }
        return ring.room
    }

    /// The first `count` bytes of that stretch are written.
    func produced(_ count: Int) throws {
        ring.wrote(count)
        totalBytes += Int64(count)
        guard totalBytes <= limits.uncompressedBytesMax else {
            throw CauseError(.overLimit("uncompressedBytesMax", limit: limits.uncompressedBytesMax, value: nil))
        }
        if totalBytes > limits.ratioFloorBytes, totalBytes / limits.ratioMax > storedBytes {
            throw CauseError(.overLimit("ratioMax", limit: limits.ratioMax, value: totalBytes / max(storedBytes, 1)))
        }
        if let failure = walk.failure { throw CauseError(failure) }
        guard ring.isFull else { return }
        second.take(.uncompressed, ring.filled, of: ring.memory, slot: Self.firstSlot + ring.slot)
        ring.advance()
    }

    /// Waits for the walk through all full blocks.
    /// - Returns: what was wrong there. It comes before whatever is wrong with the bytes after them.
    func drained() -> LayerError.Cause? {
        second.drain()
        return walk.failure
    }

    /// Walks what the last block holds, and ends the archive; all others are done.
    func finish() throws(CauseError) {
        walk.take(ring.filled)
        walk.finish()
        if let failure = walk.failure { throw CauseError(failure) }
    }
}

/// The walk through the archive, block by block, up to the first thing that is wrong.
///
/// `@unchecked Sendable`: used by one thread at a time, the second one while there are blocks, then the reader's;
/// `failure` by both.
private final class ArchiveWalk: @unchecked Sendable {
    private let selector: (any EntrySelector)?
    private var parser: TarParser
    private var builder: LayerContentsBuilder
    private let firstFailure = Mutex<LayerError.Cause?>(nil)

    init(limits: LayerLimits, selector: (any EntrySelector)?) {
        self.selector = selector
        parser = TarParser(limits: limits)
        builder = LayerContentsBuilder(limits: limits)
    }

    var failure: LayerError.Cause? { firstFailure.withLock { $0 } }
    var contents: LayerContents { builder.build(ignored: parser.ignored) }

    func take(_ block: UnsafeRawBufferPointer) {
        guard failure == nil, !block.isEmpty else { return }
        attempt { try parser.feed(block, into: &builder, selector) }
    }

    func finish() {
        guard failure == nil else { return }
        attempt { try parser.finish() }
    }

    private func attempt(_ body: () throws -> Void) {
        do { try body() } catch {
            let cause: LayerError.Cause =
                switch error {
                case let error as CauseError: error.cause
                case let error as TarError: .archive(error.what, at: parser.offset)
                default: .stream(String(describing: error))
                }
            firstFailure.withLock { $0 = cause }
        }
    }
}
