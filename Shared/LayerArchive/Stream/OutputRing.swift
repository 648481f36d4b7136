/// The uncompressed side: each full block is hashed on the second thread while this one walks its part of the archive.
final class OutputRing {
    /// Slots of the output have numbers of their own in the hashing thread.
    private static let firstSlot = 100

    private let limits: LayerLimits
    private let hashing: HashingThread
    private let selector: (any EntrySelector)?
    private var ring = BlockRing(slots: LayerReader.outputSlots, blockBytes: LayerReader.blockBytes)
    private var parser: TarParser
    private var builder: LayerContentsBuilder
    /// How many stored bytes the output so far came from at most; for the ratio.
    var storedBytes: Int64 = 0
    private(set) var totalBytes: Int64 = 0
    /// Bytes of the current block that the parser has seen.
    private var parsed = 0

    init(limits: LayerLimits, hashing: HashingThread, selector: (any EntrySelector)?) {
        self.limits = limits
        self.hashing = hashing
        self.selector = selector
        parser = TarParser(limits: limits)
        builder = LayerContentsBuilder(limits: limits)
    }

    var archiveOffset: Int64 { parser.offset }
    var contents: LayerContents { builder.build(ignored: parser.ignored) }
    /// The last, partly filled block.
    var unhashed: UnsafeRawBufferPointer { ring.filled }

    /// A stretch of at least one byte to write to.
    func room() -> UnsafeMutableRawBufferPointer {
        if ring.isAtStart { hashing.wait(for: Self.firstSlot + ring.slot) }
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
        guard ring.isFull else { return }
        hashing.hash(.uncompressed, ring.filled, slot: Self.firstSlot + ring.slot)
        try parse()
        ring.advance()
        parsed = 0
    }

    /// Walks what the last block holds, and ends the archive.
    func finish() throws {
        try parse()
        try parser.finish()
    }

    private func parse() throws {
        let block = ring.filled
        guard parsed < block.count else { return }
        try parser.feed(UnsafeRawBufferPointer(rebasing: block[parsed...]), into: &builder, selector)
        parsed = block.count
    }
}
