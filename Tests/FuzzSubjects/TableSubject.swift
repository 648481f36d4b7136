import LayerArchive
import Model

extension FuzzSubject {
    /// The table of contents of a layer that is read in part, over data that does not change.
    static let table = FuzzSubject("table") { input in
        let compression: LayerCompression = input.form.isMultiple(of: 2) ? .gzip : .zstd
        let data = compression == .gzip ? TableData.gzip : TableData.zstd
        var limits = LayerLimits.standard
        limits.entriesMax = 1000
        limits.keptFileBytesMax = 64 << 10
        limits.keptBytesMax = 256 << 10
        guard
            let table = try? LayerTable(
                document: Array(input.file), compression, dataEnd: Int64(data.count), limits: limits)
        else { return }
        let digest = Digest(sha256: ContentHash.sha256(data))
        let layer = Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digest, size: Int64(data.count))
        guard let wanted = try? table.walk(layer, diffID: digest, limits: limits, isWanted: { _ in true }).wanted else {
            return
        }
        for file in wanted { _ = try? table.content(of: file, data, from: 0) }
    }
}

private enum TableData {
    /// `hello`, twice, as gzip members and as zstd frames.
    static let gzip: [UInt8] = member + member
    static let zstd: [UInt8] = frame + frame

    private static let member: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
    ]
    private static let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 5, 0x29, 0, 0] + Array("hello".utf8)
}
