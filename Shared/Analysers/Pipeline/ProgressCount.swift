import LayerArchive
import Model
import Synchronization

/// Counts the bytes of a scan and tells them on, not more often than every `stepBytes`.
final class ProgressCount: Sendable {
    static let stepBytes: Int64 = 1 << 20

    private struct State {
        var progress: ScanProgress
        /// Bytes counted for layers in work.
        var partial: [Digest: Int64] = [:]
        var finished: Set<Digest> = []
        var told: Int64 = 0
    }

    private let state: Mutex<State>
    private let tell: (@Sendable (ScanProgress) -> Void)?
    /// A layer that is there twice counts twice when it is done.
    private let copies: [Digest: Int]

    init(_ layers: [Descriptor], _ tell: (@Sendable (ScanProgress) -> Void)?) {
        self.tell = tell
        copies = layers.reduce(into: [:]) { $0[$1.digest, default: 0] += 1 }
        state = Mutex(
            State(progress: ScanProgress(totalBytes: layers.reduce(0) { $0 &+ $1.size }, layers: layers.count)))
    }

    func count(_ bytes: Int, of layer: Descriptor) {
        guard let tell else { return }
        let progress: ScanProgress? = state.withLock { state in
            guard !state.finished.contains(layer.digest) else { return nil }
            state.partial[layer.digest, default: 0] += Int64(bytes)
            state.progress.readBytes += Int64(bytes)
            guard state.progress.readBytes - state.told >= Self.stepBytes else { return nil }
            state.told = state.progress.readBytes
            return state.progress
        }
        if let progress { tell(progress) }
    }

    func finish(_ layer: Descriptor) {
        guard let tell else { return }
        let progress: ScanProgress? = state.withLock { state in
            guard state.finished.insert(layer.digest).inserted else { return nil }
            let copies = copies[layer.digest] ?? 1
            state.progress.readBytes += layer.size * Int64(copies) - (state.partial[layer.digest] ?? 0)
            state.progress.layersDone += copies
            state.told = state.progress.readBytes
            return state.progress
        }
        if let progress { tell(progress) }
    }
}

/// Counts on the way to the reader.
final class CountingSink: LayerSink {
    private let reader: LayerReader
    private let layer: Descriptor
    private let progress: ProgressCount?

    init(_ reader: LayerReader, _ layer: Descriptor, _ progress: ProgressCount?) {
        self.reader = reader
        self.layer = layer
        self.progress = progress
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try reader.write(bytes)
        progress?.count(bytes.count, of: layer)
    }
}
