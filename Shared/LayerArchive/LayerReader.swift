public import Model

/// Reads one layer in one pass, on the thread that brings its bytes.
///
/// Stored bytes are gathered in blocks, which this thread inflates. The output goes round in a few slots; a second
/// thread walks the archive in it, and hands wanted files to the selector. Whichever of them has time hashes. What is
/// found, and what is said to be wrong, does not depend on which is faster.
///
/// `@unchecked Sendable`: used by one thread at a time, as `LayerSink` says; the second thread sees only full blocks.
public final class LayerReader: LayerSink, @unchecked Sendable {
    /// Sizes of blocks: large enough that a hand-over costs nothing, small enough to stay in the processor's cache.
    static let blockBytes = 256 << 10
    /// Enough to tell the compression by.
    package static let blockBytesMin = 6
    static let storedSlots = 4
    /// So many that bursts of work in the archive seldom make the decoder wait.
    static let outputSlots = 8

    private let descriptor: Descriptor
    private let expectedDiffID: Digest?
    private let limits: LayerLimits
    private let selector: (any EntrySelector)?

    private var stored: BlockRing
    private let output: OutputRing
    private let second: SecondThread
    private var decoder: (any LayerDecoder)?
    private var compression: LayerCompression?
    private var storedBytes: Int64 = 0
    private var damage: LayerError.Cause?
    private var failure: LayerError?
    private var isOver = false
    private let now: () -> ContinuousClock.Instant
    private var began: ContinuousClock.Instant?

    /// - Parameters:
    ///   - descriptor: the layer's; digest and size are checked against the bytes.
    ///   - diffID: the digest that the uncompressed bytes must have, where it is known already.
    ///   - selector: gets the files that it wants.
    ///   - now: the time, for `LayerLimits.secondsMax`.
    /// - Throws: `LayerError` if the media type or the digest's algorithm is refused, or the stated size is over a
    ///   limit.
    public convenience init(
        descriptor: Descriptor, diffID: Digest? = nil, limits: LayerLimits = .standard,
        selector: (any EntrySelector)? = nil, now: @escaping () -> ContinuousClock.Instant = { .now }
    ) throws(LayerError) {
        try self.init(
            descriptor: descriptor, diffID: diffID, limits: limits, selector: selector, blockBytes: Self.blockBytes,
            now: now)
    }

    /// - Parameter blockBytes: at least `blockBytesMin`; in small blocks even a short layer is cut everywhere.
    package init(
        descriptor: Descriptor, diffID: Digest? = nil, limits: LayerLimits = .standard,
        selector: (any EntrySelector)? = nil, blockBytes: Int, now: @escaping () -> ContinuousClock.Instant = { .now }
    ) throws(LayerError) {
        precondition(blockBytes >= Self.blockBytesMin, "the first block tells the compression")
        self.descriptor = descriptor
        self.now = now
        expectedDiffID = diffID
        self.limits = limits
        self.selector = selector
        stored = BlockRing(slots: Self.storedSlots, blockBytes: blockBytes)
        output = OutputRing(limits: limits, selector: selector, blockBytes: blockBytes)
        second = output.second
        do throws(CauseError) {
            try Self.check(descriptor, diffID, limits)
        } catch {
            throw LayerError(layer: descriptor.digest, cause: error.cause)
        }
    }

    deinit {
        // A reader may have been given up on.
        second.close()
    }

    private static func check(_ descriptor: Descriptor, _ diffID: Digest?, _ limits: LayerLimits) throws(CauseError) {
        try descriptor.mediaType.checkLayer()
        for digest in [descriptor.digest, diffID].compactMap(\.self) where digest.algorithm != .sha256 {
            throw CauseError(.digestAlgorithm(digest.algorithm.rawValue))
        }
        guard descriptor.size >= 0 else { throw CauseError(.sizeMismatch(expected: descriptor.size, actual: 0)) }
        guard descriptor.size <= limits.compressedBytesMax else {
            throw CauseError(.overLimit("compressedBytesMax", limit: limits.compressedBytesMax, value: descriptor.size))
        }
    }

    /// - Throws: `LayerError`, and the same again for every later call.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try guarded { try take(bytes) }
    }

    /// The layer's bytes are over: checks that they were complete and what they should be.
    ///
    /// Blocks until both digests are computed.
    public func finish() throws(LayerError) -> LayerSummary {
        try guarded { try conclude() }
    }

    private func guarded<Result>(_ body: () throws -> Result) throws(LayerError) -> Result {
        if let failure { throw failure }
        do {
            if isOver { throw CauseError(.finished) }
            return try body()
        } catch {
            let failure = LayerError(layer: descriptor.digest, cause: cause(of: error))
            self.failure = failure
            throw failure
        }
    }

    private func cause(of error: any Error) -> LayerError.Cause {
        switch error {
        case let error as CauseError: error.cause
        default: .stream(String(describing: error))
        }
    }

    // MARK: Bytes

    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        try checkTime()
        storedBytes += Int64(bytes.count)
        guard storedBytes <= descriptor.size else {
            throw CauseError(.sizeMismatch(expected: descriptor.size, actual: storedBytes))
        }
        var rest = bytes
        while !rest.isEmpty {
            if stored.isAtStart { second.wait(for: stored.slot) }
            let count = stored.fill(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if stored.isFull {
                let block = stored.filled
                second.take(.stored, block, of: stored.memory, slot: stored.slot)
                try decode(block)
                stored.advance()
            }
        }
    }

    private func checkTime() throws(CauseError) {
        let time = now()
        guard let began else { return began = time }
        guard began.duration(to: time) <= .seconds(limits.secondsMax) else {
            throw CauseError(.overLimit("secondsMax", limit: limits.secondsMax, value: nil))
        }
    }

    /// A damaged stream is not yet the layer's fault: the digest is judged first, so the rest is hashed. Over a limit
    /// the reading ends at once.
    private func decode(_ block: UnsafeRawBufferPointer) throws {
        guard damage == nil else { return }
        output.storedBytes = storedBytes
        do {
            try decoder(for: block).decode(block, into: output)
        } catch {
            // The archive before it may have been wrong already.
            let cause = output.drained() ?? cause(of: error)
            if case .overLimit = cause { throw CauseError(cause) }
            damage = cause
        }
    }

    private func decoder(for first: UnsafeRawBufferPointer) throws -> any LayerDecoder {
        if let decoder { return decoder }
        let compression = try LayerCompression.detect(Array(first.prefix(6)))
        let decoder: any LayerDecoder =
            switch compression {
            case .plain: PlainDecoder()
            case .gzip: try GzipDecoder(limits: limits)
            case .zstd: try ZstdDecoder(limits: limits)
            }
        self.compression = compression
        self.decoder = decoder
        return decoder
    }

    private func conclude() throws -> LayerSummary {
        guard storedBytes > 0 else { throw CauseError(.empty) }
        guard storedBytes == descriptor.size else {
            throw CauseError(.sizeMismatch(expected: descriptor.size, actual: storedBytes))
        }
        let last = stored.filled
        if !last.isEmpty { try decode(last) }
        if damage == nil { damage = output.drained() }
        if damage == nil {
            do {
                try decoder?.finish()
                try output.finish()
            } catch { damage = cause(of: error) }
        }
        if let damage, case .overLimit = damage { throw CauseError(damage) }
        let sums = second.finish(lastStored: last, lastUncompressed: output.unhashed)
        let digest = Digest(sha256: sums.stored)
        guard digest == descriptor.digest else { throw CauseError(.digestMismatch(actual: digest)) }
        if let damage { throw CauseError(damage) }
        let diffID = Digest(sha256: sums.uncompressed)
        if let expectedDiffID, expectedDiffID != diffID {
            throw CauseError(.diffIDMismatch(expected: expectedDiffID, actual: diffID))
        }
        isOver = true
        return LayerSummary(
            digest: digest, diffID: diffID, compression: compression ?? .plain,
            statedCompression: descriptor.mediaType.layerCompression,
            storedBytes: storedBytes, uncompressedBytes: output.totalBytes, contents: output.contents)
    }
}

/// What reading a layer gave, its files of interest apart.
public struct LayerSummary: Sendable {
    public var digest: Digest
    public var diffID: Digest
    public var compression: LayerCompression
    /// What the media type says.
    public var statedCompression: LayerCompression?
    public var storedBytes: Int64
    public var uncompressedBytes: Int64
    public var contents: LayerContents
}
