import CCompression

/// Zstandard (RFC 8878): any number of frames, skippable ones stepped over, checksums checked where a frame has them.
final class ZstdDecoder: LayerDecoder {
    private let context: OpaquePointer
    private let windowLogMax: Int
    /// Whether a frame has begun and not ended.
    private var isInFrame = false
    private var frames = 0

    init(limits: LayerLimits) throws(CauseError) {
        guard let context = ZSTD_createDStream() else { throw CauseError(.memory) }
        self.context = context
        windowLogMax = limits.zstdWindowLogMax
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(limits.zstdWindowLogMax))
    }

    deinit { ZSTD_freeDStream(context) }

    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputRing) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            let room = output.room()
            var out = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let before = input.pos
            let hint = ZSTD_decompressStream(context, &out, &input)
            if ZSTD_isError(hint) != 0 { throw failure(hint) }
            if out.pos > 0 { try output.produced(out.pos) }
            if hint == 0 { frames += 1 }
            // A call that does nothing between frames returns the size of the next header, not 0.
            if hint == 0 || input.pos > before || out.pos > 0 { isInFrame = hint != 0 }
            if input.pos == input.size, out.pos < out.size { return }
            if input.pos == before, out.pos == 0 { throw CauseError(.stream("the decoder makes no progress")) }
        }
    }

    func finish() throws {
        if isInFrame { throw CauseError(.stream("the zstd stream is cut off")) }
        if frames == 0 { throw CauseError(.stream("it holds no zstd frame")) }
    }

    private func failure(_ code: Int) -> CauseError {
        if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge {
            return CauseError(.overLimit("zstdWindowLogMax", limit: Int64(windowLogMax), value: nil))
        }
        return CauseError(.stream("zstd: " + String(cString: ZSTD_getErrorName(code))))
    }
}
