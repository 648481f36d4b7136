import LayerArchive
import Model

extension FuzzSubject {
    /// A layer from its stored bytes to its tree.
    static let layers: [FuzzSubject] = [
        FuzzSubject("tar") { LayerTrial.run(isRepaired: $0.form.isMultiple(of: 2), $0) },
        FuzzSubject("gzip") { LayerTrial.run(isRepaired: false, $0) },
        FuzzSubject("zstd") { LayerTrial.run(isRepaired: false, $0) },
    ]
}

/// Reads a layer in blocks of the input's size and in large ones: both must tell the same tree.
private enum LayerTrial {
    private static let limits: LayerLimits = {
        var limits = LayerLimits.standard
        // So small that a short input can reach them.
        limits.uncompressedBytesMax = 24 << 10
        limits.entriesMax = 100
        limits.directoriesMax = 200
        limits.extensionBytesMax = 4096
        limits.keptFileBytesMax = 4096
        limits.keptBytesMax = 8192
        limits.linkBytesMax = 4096
        limits.gzipHeaderBytesMax = 512
        limits.zstdWindowLogMax = 20
        return limits
    }()
    /// More than the fuzzer's inputs: not cut unless it is unpacked.
    private static let largeBlockBytes = 32 << 10

    static func run(isRepaired: Bool, _ input: FuzzInput) {
        let stored = isRepaired ? TarChecksums.repaired(input.file) : Array(input.file)
        let large = tree(stored, blockBytes: largeBlockBytes)
        guard let size = input.pieceBytes, size < stored.count else { return }
        let small = tree(stored, blockBytes: max(size, LayerReader.blockBytesMin))
        FuzzSubject.expect(small == large, "in blocks of \(size) bytes the layer has another tree")
    }

    private struct Tree: Equatable {
        var diffID: Digest
        var contents: LayerContents
        var files: [String]
    }

    /// Nil where the layer is refused; when that is said, and why, may depend on the blocks.
    private static func tree(_ stored: [UInt8], blockBytes: Int) -> Tree? {
        let descriptor = Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar", digest: Digest(sha256: ContentHash.sha256(stored)),
            size: Int64(stored.count))
        let selector = SomeFiles()
        do {
            let reader = try LayerReader(
                descriptor: descriptor, limits: limits, selector: selector, blockBytes: blockBytes)
            try stored.withUnsafeBytes { try reader.write($0) }
            let summary = try reader.finish()
            return Tree(diffID: summary.diffID, contents: summary.contents, files: selector.seen)
        } catch {
            return nil
        }
    }
}

/// Wants some files whole, looks into others as they pass, and notes what it is told.
private final class SomeFiles: EntrySelector {
    private(set) var seen: [String] = []
    /// A reading ends itself after so much.
    private static let readMax = 1000

    func wants(_ entry: TarEntry) -> Bool {
        FuzzSubject.expect(EntryPath(entry.path.bytes) == entry.path, "a path was let through: \(entry.path.bytes)")
        seen.append("\(entry)")
        return entry.path.bytes.count.isMultiple(of: 2)
    }

    func take(_ entry: TarEntry, _ content: EntryContent) {
        switch content {
        case .bytes(let bytes): note("content", bytes)
        case .unread(let reason): seen.append(reason)
        }
    }

    func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)? {
        FuzzSubject.expect(beginning.count >= EntryBeginning.bytes, "a beginning is too short")
        guard !entry.path.bytes.count.isMultiple(of: 3) else { return nil }
        return PassingBytes(bytesMax: Self.readMax) { [self] in note("read", $0) }
    }

    private func note(_ what: String, _ bytes: UnsafeRawBufferPointer) {
        seen.append("\(what) \(Digest(sha256: ContentHash.sha256(Array(bytes))))")
    }
}

/// Holds the first bytes of what passes.
final class PassingBytes: EntryReading {
    private let bytesMax: Int
    private let end: (UnsafeRawBufferPointer) -> Void
    private var bytes: [UInt8] = []

    init(bytesMax: Int, _ end: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.bytesMax = bytesMax
        self.end = end
    }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        bytes += piece.prefix(bytesMax - bytes.count)
        return bytes.count < bytesMax
    }

    func finish() { bytes.withUnsafeBytes { end($0) } }
}

/// Makes the checksums of headers right, which no change by chance does.
private enum TarChecksums {
    private static let blockBytes = 512
    private static let field = 148..<156

    static func repaired(_ archive: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes = Array(archive)
        for start in stride(from: 0, to: bytes.count - blockBytes + 1, by: blockBytes)
        where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
            for index in field { bytes[start + index] = 0x20 }
            let sum = bytes[start..<start + blockBytes].reduce(0) { $0 + Int($1) }
            // No sum of 512 bytes has more than six octal digits.
            let digits = Array(String(sum, radix: 8).utf8)
            for (index, digit) in digits.enumerated() { bytes[start + field.lowerBound + index] = digit }
        }
        return bytes
    }
}
