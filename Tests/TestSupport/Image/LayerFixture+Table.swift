import Foundation
import Model

extension LayerFixture {
    /// A layer that can be read in parts.
    public enum Table: String, Sendable, CaseIterable { case estargz, zstdChunked }

    private struct Entry: Encodable {
        var type: String
        var name: String
        var linkName: String?
        var mode: UInt32?
        var size: Int?
        var digest: String?
        var offset: Int?
        var endOffset: Int?
        var chunkOffset: Int?
        var chunkSize: Int?
        var chunkDigest: String?
    }

    private struct Document: Encodable {
        var version = 1
        var entries: [Entry]
    }

    /// Files are compressed apart, those above `chunkBytes` in several pieces.
    ///
    /// - Parameters:
    ///   - lie: files that the table does not name, though the archive has them.
    public init(_ items: [TarFixture.Item], table: Table, chunkBytes: Int = 4096, hiding lie: Set<String> = []) throws {
        let compress: ([UInt8]) -> [UInt8] = { table == .estargz ? Self.gzip($0) : Self.zstd($0) }
        var stored: [UInt8] = []
        var archive: [UInt8] = []
        var entries: [Entry] = []
        func put(_ bytes: [UInt8]) -> Range<Int> {
            let start = stored.count
            stored += compress(bytes)
            archive += bytes
            return start..<stored.count
        }
        for item in items {
            let whole = TarFixture([item]).body
            guard case .file(let path, let content, let mode) = item else {
                _ = put(whole)
                entries.append(Self.entry(item))
                continue
            }
            _ = put(Array(whole.dropLast(TarFixture.padded(content).count)))
            var parts: [Entry] = []
            for start in stride(from: 0, to: max(content.count, 1), by: chunkBytes) {
                let chunk = Array(content[start..<min(start + chunkBytes, content.count)])
                let place = put(chunk)
                parts.append(
                    Entry(
                        type: "chunk", name: String(decoding: path, as: UTF8.self), offset: place.lowerBound,
                        endOffset: table == .zstdChunked ? place.upperBound : nil,
                        chunkOffset: start == 0 ? nil : start,
                        chunkSize: content.count > chunkBytes ? chunk.count : nil,
                        chunkDigest: ImageFixture.digest(chunk).text))
            }
            parts[0].type = "reg"
            parts[0].mode = mode
            parts[0].size = content.count
            parts[0].digest = ImageFixture.digest(content).text
            if !lie.contains(parts[0].name) { entries += parts }
            _ = put(Array(TarFixture.padded(content).dropFirst(content.count)))
        }
        let document = Array(try JSONEncoder().encode(Document(entries: entries)))
        var annotations: [String: String] = [:]
        switch table {
        case .estargz:
            let place = put(
                TarFixture.header(name: Array("stargz.index.json".utf8), size: Int64(document.count))
                    + TarFixture.padded(document) + [UInt8](repeating: 0, count: 1024))
            stored += Self.footer(place.lowerBound)
            annotations["containerd.io/snapshot/stargz/toc.digest"] = ImageFixture.digest(document).text
        case .zstdChunked:
            _ = put([UInt8](repeating: 0, count: 1024))
            let frame = Self.zstd(document)
            // A skippable frame, so that others do not see it.
            stored += [0x50, 0x2A, 0x4D, 0x18] + (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> (8 * $0)) }
            let key = "io.github.containers.zstd-chunked.manifest-"
            annotations[key + "position"] = "\(stored.count):\(frame.count):\(document.count):1"
            annotations[key + "checksum"] = ImageFixture.digest(frame).text
            stored += frame
        }
        self.init(
            stored: stored, diffID: ImageFixture.digest(archive),
            mediaType: Self.mediaType(table == .estargz ? .gzip : .zstd))
        self.annotations = annotations
    }

    private static func entry(_ item: TarFixture.Item) -> Entry {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        switch item {
        case .directory(let path): return Entry(type: "dir", name: text(path) + "/", mode: 0o755)
        case .symlink(let path, let target): return Entry(type: "symlink", name: text(path), linkName: text(target))
        case .hardLink(let path, let target): return Entry(type: "hardlink", name: text(path), linkName: text(target))
        case .device(let path): return Entry(type: "char", name: text(path))
        case .file, .raw: preconditionFailure("a table names what it is made of")
        }
    }

    /// An empty gzip member whose extra field points at the table.
    private static func footer(_ table: Int) -> [UInt8] {
        let digits = String(table, radix: 16)
        let text = Array((String(repeating: "0", count: 16 - digits.count) + digits + "STARGZ").utf8)
        let header: [UInt8] = [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 26, 0] + Array("SG".utf8) + [22, 0]
        let emptyBlock: [UInt8] = [1, 0, 0, 0xFF, 0xFF]
        return header + text + emptyBlock + [UInt8](repeating: 0, count: 8)
    }
}
