import LayerArchive
import Model

/// Reads of a layer only its table of contents and the files that analysers want, where the layer has such a table and
/// its source gives parts of it (see `LayerTable`, also for what that cannot prove).
struct PartialLayer {
    /// Files that lie nearer to each other are fetched with what is between them: a request costs more.
    static let gapBytes: Int64 = 16 << 10
    /// So much is fetched at once, and held, but for a file that is larger.
    static let fetchBytesMax: Int64 = 4 << 20

    /// One file, or the table: above it the layer is read as a whole.
    static let partBytesMax = 64 << 20

    let descriptor: Descriptor
    let diffID: Digest
    let place: LayerTablePlace
    let source: any ImageSource
    let limits: LayerLimits

    /// - Returns: nil where the layer has no table.
    init?(_ descriptor: Descriptor, diffID: Digest, _ source: any ImageSource, _ limits: LayerLimits) {
        guard let place = LayerTablePlace(descriptor) else { return nil }
        self.descriptor = descriptor
        self.diffID = diffID
        self.place = place
        self.source = source
        self.limits = limits
    }

    /// - Throws: `LayerTableError` where the layer must be read as a whole after all.
    func record(_ analysis: LayerAnalysis) async throws -> LayerRecord {
        let table = try await place.table(limits: limits) { try await part($0) }
        let (summary, wanted) = try table.walk(descriptor, diffID: diffID, limits: limits) { entry in
            analysis.wants(entry) || analysis.mayReadByName(entry)
        }
        for group in Self.groups(wanted) where analysis.excess == nil {
            let bytes = group.range.isEmpty ? [] : try await part(group.range)
            for file in group.files {
                let content = try table.content(of: file, bytes, from: group.range.lowerBound)
                content.withUnsafeBytes { analysis.takeWhole(file.entry, $0) }
            }
        }
        if let excess = analysis.excess { throw LayerError(layer: descriptor.digest, cause: excess) }
        return LayerRecord(summary, files: analysis.records, setIDFiles: analysis.setIDFiles)
    }

    private func part(_ range: Range<Int64>) async throws -> [UInt8] {
        guard range.count <= Self.partBytesMax else {
            throw LayerTableError("the parts of a file lie too far from each other")
        }
        guard let bytes = try await source.part(of: descriptor, range), bytes.count == range.count else {
            throw LayerTableError("its source gives no parts of a layer")
        }
        return bytes
    }

    private struct Group {
        var range: Range<Int64>
        var files: [LayerTable.Entry]
    }

    /// Files in the order of the layer, together where they lie near each other.
    private static func groups(_ files: [LayerTable.Entry]) -> [Group] {
        var groups: [Group] = []
        for file in files {
            let stored = file.chunks.filter { !$0.isZeros }.map(\.stored)
            let range = (stored.map(\.lowerBound).min() ?? 0)..<(stored.map(\.upperBound).max() ?? 0)
            if let last = groups.last, !range.isEmpty, range.lowerBound >= last.range.lowerBound,
                range.lowerBound <= last.range.upperBound + gapBytes,
                range.upperBound - last.range.lowerBound <= fetchBytesMax
            {
                groups[groups.count - 1].range =
                    last.range.lowerBound..<max(last.range.upperBound, range.upperBound)
                groups[groups.count - 1].files.append(file)
            } else {
                groups.append(Group(range: range, files: [file]))
            }
        }
        return groups
    }
}
