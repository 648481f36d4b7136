import LayerArchive

/// Keeps layer records. A cache may forget anything at any time; what it hands out is what was put in.
public protocol LayerCache: Sendable {
    func record(for key: LayerKey) async -> LayerRecord?
    func store(_ record: LayerRecord, for key: LayerKey) async
}

/// Forgets everything at once: for `--no-cache`.
public struct NoLayerCache: LayerCache {
    public init() {}
    public func record(for key: LayerKey) async -> LayerRecord? { nil }
    public func store(_ record: LayerRecord, for key: LayerKey) async {}
}

/// Keeps the most recently used records in memory, up to a number of bytes (estimated).
public actor MemoryLayerCache: LayerCache {
    private let bytesMax: Int
    private var entries: [LayerKey: (record: LayerRecord, bytes: Int, used: UInt64)] = [:]
    private var bytes = 0
    private var clock: UInt64 = 0

    public init(bytesMax: Int = 16 << 20) { self.bytesMax = bytesMax }

    public func record(for key: LayerKey) -> LayerRecord? {
        guard var entry = entries[key] else { return nil }
        clock += 1
        entry.used = clock
        entries[key] = entry
        return entry.record
    }

    public func store(_ record: LayerRecord, for key: LayerKey) {
        let size = record.estimatedBytes
        guard size <= bytesMax else { return }
        clock += 1
        if let old = entries.updateValue((record, size, clock), forKey: key) { bytes -= old.bytes }
        bytes += size
        while bytes > bytesMax, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
            bytes -= oldest.value.bytes
            entries[oldest.key] = nil
        }
    }
}

extension LayerRecord {
    /// Memory that the record takes, roughly.
    var estimatedBytes: Int {
        let packages = files.reduce(0) { $0 + 256 + ($1.findings?.count ?? 0) * 400 }
        return 1024 + contents.estimatedBytes + packages + setIDFiles.count * 256
    }
}
