import CCompression
public import Foundation
import LayerArchive
import Model
import Synchronization

/// Keeps layer records as files in a folder, a few KB each, and the last ones in memory.
///
/// A file is written under another name and renamed, so a reader sees all of it or nothing. One that is damaged, or of
/// another
/// key, is no record. Over `bytesMax` the files that were written first go. Several processes may share the folder.
public final class FolderLayerCache: LayerCache {
    /// One record: above it something is wrong.
    static let recordBytesMax = 256 << 20

    private let folder: URL
    private let bytesMax: Int64
    private let memory: MemoryLayerCache
    /// Bytes in the folder as far as this process knows; counted again when it must shrink.
    private let bytes = Mutex<Int64?>(nil)

    /// - Parameter folder: is made when the first record is written.
    public init(folder: URL, bytesMax: Int64 = 1 << 30, memoryBytesMax: Int = 16 << 20) {
        self.folder = folder
        self.bytesMax = bytesMax
        memory = MemoryLayerCache(bytesMax: memoryBytesMax)
    }

    public func record(for key: LayerKey) async -> LayerRecord? {
        if let record = await memory.record(for: key) { return record }
        let file = file(for: key)
        guard let record = try? await OwnThread.run("layer-cache", { try Self.read(file, key) }) else { return nil }
        await memory.store(record, for: key)
        return record
    }

    public func store(_ record: LayerRecord, for key: LayerKey) async {
        await memory.store(record, for: key)
        // A cache that cannot be written is no reason to fail a scan: the layer is read again next time.
        try? await OwnThread.run("layer-cache") { [self] in try write(Stored(key: key, record: record)) }
    }

    private struct Stored: Codable {
        var key: LayerKey
        var record: LayerRecord
    }

    /// Keys hold a version text of any length, so the name is a hash of all.
    private func file(for key: LayerKey) -> URL {
        let text = ([key.layer.text, key.analyserVersion] + key.extra).joined(separator: "\n")
        let name = Digest(sha256: ContentHash.sha256(Array(text.utf8))).hex
        return folder.appending(path: name + ".layer")
    }

    private static func read(_ file: URL, _ key: LayerKey) throws -> LayerRecord? {
        let data = try Data(contentsOf: file)
        guard let json = RecordCompression.decompress(data, bytesMax: recordBytesMax) else { return nil }
        let stored = try JSONDecoder().decode(Stored.self, from: json)
        return stored.key == key && stored.record.digest == key.layer ? stored.record : nil
    }

    private func write(_ stored: Stored) throws {
        let data = RecordCompression.compress(try JSONEncoder().encode(stored))
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let target = file(for: stored.key)
        let temporary = folder.appending(path: "\(target.lastPathComponent).\(UUID().uuidString).tmp")
        try data.write(to: temporary)
        guard rename(temporary.path, target.path) == 0 else {
            unlink(temporary.path)
            return
        }
        bytes.withLock { known in
            known = (known ?? Self.size(of: folder)) + (known == nil ? 0 : Int64(data.count))
            if known ?? 0 > bytesMax { known = shrink() }
        }
    }

    private static func entries(of folder: URL) -> [(url: URL, bytes: Int64, date: Date)] {
        let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
        let urls = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: keys)) ?? []
        return urls.compactMap { url in
            guard let values = try? url.resourceValues(forKeys: Set(keys)) else { return nil }
            return (url, Int64(values.fileSize ?? 0), values.contentModificationDate ?? .distantPast)
        }
    }

    private static func size(of folder: URL) -> Int64 { entries(of: folder).reduce(0) { $0 + $1.bytes } }

    /// Removes the oldest files down to three quarters of the limit.
    private func shrink() -> Int64 {
        let entries = Self.entries(of: folder).sorted { $0.date < $1.date }
        var total = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries where total > bytesMax / 4 * 3 {
            try? FileManager.default.removeItem(at: entry.url)
            total -= entry.bytes
        }
        return total
    }
}

/// One zstd frame with a checksum.
enum RecordCompression {
    static func compress(_ data: Data) -> Data {
        guard let context = ZSTD_createCCtx() else { return Data() }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        var output = Data(count: ZSTD_compressBound(data.count))
        let count = output.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { ZSTD_compress2(context, target.baseAddress, target.count, $0.baseAddress, $0.count) }
        }
        guard ZSTD_isError(count) == 0 else { return Data() }
        return output.prefix(count)
    }

    /// - Returns: nil if the bytes are damaged or too many.
    static func decompress(_ data: Data, bytesMax: Int) -> Data? {
        let size = data.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard size <= UInt64(bytesMax) else { return nil }
        var output = Data(count: Int(size))
        let count = output.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { ZSTD_decompress(target.baseAddress, target.count, $0.baseAddress, $0.count) }
        }
        return ZSTD_isError(count) == 0 && count == Int(size) ? output : nil
    }
}
