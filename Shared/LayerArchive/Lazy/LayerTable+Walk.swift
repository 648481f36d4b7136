public import Model

extension LayerTable {
    /// Output of all stretches that are decoded for one layer.
    static let decodedBytesMax: Int64 = 16 << 30

    /// Walks the table as if the archive passed.
    ///
    /// - Parameters:
    ///   - diffID: as the image's configuration states it: only the whole layer could prove it.
    ///   - isWanted: asked for every file that is part of the file system, in order.
    /// - Returns: the layer without its bytes, and the files that are wanted, the last of each path.
    /// - Throws: `LayerTableError`, also where a limit of the layer would be passed.
    public func walk(
        _ layer: Descriptor, diffID: Digest, limits: LayerLimits, isWanted: (TarEntry) -> Bool
    ) throws(LayerTableError) -> (summary: LayerSummary, wanted: [Entry]) {
        var builder = LayerContentsBuilder(limits: limits)
        var wanted: [EntryPath: (number: Int, entry: Entry)] = [:]
        var keptBytes: Int64 = 0
        var uncompressedBytes: Int64 = 0
        /// What decoding costs: files may share one stretch, which is then decoded for each of them.
        var decodedBytes: Int64 = 0
        for (number, entry) in entries.enumerated() {
            let isReal: Bool
            do { isReal = try builder.add(entry.entry) } catch {
                throw LayerTableError("its table of contents is over a limit of layers")
            }
            uncompressedBytes += entry.entry.sizeBytes
            guard isReal, entry.entry.kind == .file else { continue }
            wanted[entry.entry.path] = nil
            guard isWanted(entry.entry) else { continue }
            keptBytes += entry.entry.sizeBytes
            decodedBytes += entry.chunks.reduce(0) { $0 + $1.skippedBytes + $1.sizeBytes }
            guard entry.entry.sizeBytes <= limits.keptFileBytesMax, keptBytes <= limits.keptBytesMax,
                decodedBytes <= Self.decodedBytesMax
            else {
                throw LayerTableError("\(entry.entry.path) is too large to be read by itself")
            }
            wanted[entry.entry.path] = (number, entry)
        }
        let summary = LayerSummary(
            digest: layer.digest, diffID: diffID, compression: compression,
            statedCompression: layer.mediaType.layerCompression, storedBytes: layer.size,
            uncompressedBytes: uncompressedBytes, contents: builder.build(ignored: IgnoredEntries()))
        return (summary, wanted.values.sorted { $0.number < $1.number }.map(\.entry))
    }
}
