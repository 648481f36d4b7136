import Foundation
import Model

/// The JSON of a table of contents, which both forms share.
struct TableDocument: Decodable {
    private struct Entry: Decodable {
        var type: String
        var name: String
        var linkName: String?
        var mode: Int64?
        var size: Int64?
        var digest: String?
        var offset: Int64?
        /// Of zstd:chunked.
        var endOffset: Int64?
        /// Of eStargz: where the content begins in the output.
        var innerOffset: Int64?
        var chunkOffset: Int64?
        var chunkSize: Int64?
        var chunkDigest: String?
        var chunkType: String?
    }

    private let version: Int
    private let entries: [Entry]

    /// - Parameter dataEnd: where the stored files end.
    static func table(
        _ bytes: [UInt8], _ compression: LayerCompression, dataEnd: Int64, limits: LayerLimits
    ) throws(LayerTableError) -> LayerTable {
        let document: TableDocument
        do { document = try JSONDecoder().decode(TableDocument.self, from: Data(bytes)) } catch {
            throw LayerTableError("its table of contents is no JSON that is understood")
        }
        guard document.version == 1 else {
            throw LayerTableError("its table of contents has version \(document.version)")
        }
        guard document.entries.count <= limits.entriesMax else {
            throw LayerTableError("its table of contents has more entries than the limit entriesMax")
        }
        var reader = Reader(document.entries.compactMap(\.offset), dataEnd)
        for entry in document.entries { try reader.take(entry, limits) }
        return LayerTable(compression: compression, entries: try reader.finish())
    }

    /// Puts chunks to their files.
    private struct Reader {
        /// Where chunks begin, sorted: one ends where the next begins.
        private let starts: [Int64]
        private let dataEnd: Int64
        private var entries: [LayerTable.Entry] = []
        /// Bytes of the last file whose chunks are still to come.
        private var missing: Int64 = 0

        init(_ offsets: [Int64], _ dataEnd: Int64) {
            starts = Set(offsets).sorted()
            self.dataEnd = dataEnd
        }

        mutating func take(_ raw: Entry, _ limits: LayerLimits) throws(LayerTableError) {
            if raw.type == "chunk" { return try takeChunk(raw) }
            guard missing == 0 else { throw LayerTableError("a file of its table of contents lacks a part") }
            guard raw.name.utf8.count <= limits.pathBytesMax, (raw.linkName ?? "").utf8.count <= limits.pathBytesMax,
                let path = EntryPath(raw.name)
            else { throw LayerTableError("a name in its table of contents cannot be a path of the image") }
            var entry = TarEntry(
                path: path, kind: try kind(raw), mode: UInt32(truncatingIfNeeded: (raw.mode ?? 0) & 0o7777))
            guard entry.kind == .file else { return entries.append(.init(entry: entry, digest: nil, chunks: [])) }
            entry.sizeBytes = raw.size ?? 0
            guard (0...limits.uncompressedBytesMax).contains(entry.sizeBytes) else {
                throw LayerTableError("a file of its table of contents has an impossible size")
            }
            entries.append(.init(entry: entry, digest: raw.digest.flatMap { try? Digest($0) }, chunks: []))
            missing = entry.sizeBytes
            if missing > 0 { try takeChunk(raw) }
        }

        private func kind(_ raw: Entry) throws(LayerTableError) -> TarEntry.Kind {
            switch raw.type {
            case "reg": return .file
            case "dir": return .directory
            case "symlink": return .symlink(target: Array((raw.linkName ?? "").utf8))
            case "hardlink":
                guard let target = EntryPath(raw.linkName ?? ""), !target.isRoot else {
                    throw LayerTableError("a hard link of its table of contents leads nowhere")
                }
                return .hardLink(target: target)
            case "char", "block", "fifo": return .device
            case let other: throw LayerTableError("its table of contents has an entry of the type \(other.prefix(20))")
            }
        }

        private mutating func takeChunk(_ raw: Entry) throws(LayerTableError) {
            guard let last = entries.indices.last, entries[last].entry.kind == .file, missing > 0 else {
                throw LayerTableError("a part in its table of contents belongs to no file")
            }
            let done = entries[last].entry.sizeBytes - missing
            let stated = raw.chunkSize ?? 0
            let size = stated == 0 ? missing : stated
            guard (raw.chunkOffset ?? 0) == done, (1...missing).contains(size), let offset = raw.offset, offset >= 0,
                offset < dataEnd
            else { throw LayerTableError("the parts of a file in its table of contents are not in order") }
            let end = raw.endOffset ?? end(of: offset)
            let inner = raw.innerOffset ?? 0
            let isZeros = raw.chunkType == "zeros"
            guard end > offset || isZeros, end <= dataEnd, inner >= 0, inner <= 1 << 40 else {
                throw LayerTableError("a part of a file lies outside its layer")
            }
            entries[last].chunks.append(
                .init(
                    stored: offset..<max(end, offset), skippedBytes: inner, sizeBytes: size,
                    digest: raw.chunkDigest.flatMap { try? Digest($0) }, isZeros: isZeros))
            missing -= size
        }

        /// The next place where one begins, or the end of all.
        private func end(of offset: Int64) -> Int64 {
            var (low, high) = (0, starts.count)
            while low < high {
                let middle = (low + high) / 2
                if starts[middle] <= offset { low = middle + 1 } else { high = middle }
            }
            return low < starts.count ? min(starts[low], dataEnd) : dataEnd
        }

        func finish() throws(LayerTableError) -> [LayerTable.Entry] {
            guard missing == 0 else { throw LayerTableError("a file of its table of contents lacks a part") }
            return entries
        }
    }
}
