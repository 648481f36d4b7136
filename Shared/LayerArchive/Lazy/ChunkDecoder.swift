import CCompression
import Crypto
import Model

/// Decodes a stretch of a layer that is compressed by itself, and checks it.
enum ChunkDecoder {
    /// The bytes behind the first `skipped` of the output.
    ///
    /// - Throws: if there are fewer than `count`.
    static func decode(
        _ stored: [UInt8], _ compression: LayerCompression, skipping skipped: Int, count: Int
    ) throws(LayerTableError) -> [UInt8] {
        guard skipped <= LayerTable.skippedBytesMax else { throw LayerTableError("a part of a file begins too late") }
        let wanted = skipped + count
        var output = [UInt8](repeating: 0, count: wanted)
        let produced = try output.withUnsafeMutableBytes { room in
            Result { () throws(LayerTableError) in
                try stored.withUnsafeBytes { stored in
                    Result { () throws(LayerTableError) in
                        switch compression {
                        case .gzip: try gzip(stored, room)
                        case .zstd: try zstd(stored, room)
                        case .plain: 0
                        }
                    }
                }.get()
            }
        }.get()
        guard produced == wanted else { throw LayerTableError("a part of a file is shorter than its table says") }
        if skipped > 0 { output.removeFirst(skipped) }
        return output
    }

    static func sha256(_ bytes: [UInt8]) -> Model.Digest {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Model.Digest(sha256: Array(hash.finalize()))
    }

    /// As many bytes as there is room for; what follows is not looked at.
    private static func gzip(
        _ stored: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) throws(LayerTableError) -> Int {
        guard let inflate = InflateStream(.gzipMember) else { throw LayerTableError("there is no memory") }
        var (used, done) = (0, 0)
        while done < room.count, used < stored.count {
            var header = GzipHeaderParser(bytesMax: 64 << 10)
            do {
                while used < stored.count, !(try header.take(stored[used])) { used += 1 }
            } catch { throw LayerTableError("a part of a file is no gzip member") }
            used += 1
            inflate.restart()
            var isOver = false
            while !isOver, done < room.count, used < stored.count {
                let step = inflate.step(
                    UnsafeRawBufferPointer(rebasing: stored[used...]),
                    into: UnsafeMutableRawBufferPointer(rebasing: room[done...]))
                if let damage = step.damage { throw LayerTableError("a part of a file is damaged: \(damage)") }
                (used, done, isOver) = (used + step.consumed, done + step.produced, step.isOver)
                if step.consumed == 0, step.produced == 0 { return done }
            }
        }
        return done
    }

    private static func zstd(
        _ stored: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) throws(LayerTableError) -> Int {
        guard let context = ZSTD_createDStream() else { throw LayerTableError("there is no memory") }
        defer { ZSTD_freeDStream(context) }
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(LayerLimits.standard.zstdWindowLogMax))
        var input = ZSTD_inBuffer(src: stored.baseAddress, size: stored.count, pos: 0)
        var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        while output.pos < output.size, input.pos < input.size {
            let before = (input.pos, output.pos)
            let hint = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(hint) != 0 {
                throw LayerTableError("a part of a file is damaged: zstd: " + String(cString: ZSTD_getErrorName(hint)))
            }
            if before == (input.pos, output.pos) { break }
        }
        return output.pos
    }
}

extension LayerTable {
    /// Output of one stretch before a file's content: builders put some megabytes of small files into one.
    static let skippedBytesMax = 64 << 20

    /// Puts a file's content together and checks it by its digest.
    ///
    /// - Parameter stored: the bytes of the layer from `start` on, with all of the file's chunks.
    public func content(of file: Entry, _ stored: [UInt8], from start: Int64) throws(LayerTableError) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(Int(file.entry.sizeBytes))
        for chunk in file.chunks {
            guard !chunk.isZeros else {
                content.append(contentsOf: repeatElement(0, count: Int(chunk.sizeBytes)))
                continue
            }
            let range = Int(chunk.stored.lowerBound - start)..<Int(chunk.stored.upperBound - start)
            let bytes = try ChunkDecoder.decode(
                Array(stored[range]), compression, skipping: Int(chunk.skippedBytes), count: Int(chunk.sizeBytes))
            if file.digest == nil, chunk.digest.map({ $0 != ChunkDecoder.sha256(bytes) }) ?? true {
                throw Self.wrong(file)
            }
            content += bytes
        }
        if let digest = file.digest, digest != ChunkDecoder.sha256(content) { throw Self.wrong(file) }
        return content
    }

    private static func wrong(_ file: Entry) -> LayerTableError {
        LayerTableError("\(file.entry.path) does not have the digest that its table of contents states")
    }
}
