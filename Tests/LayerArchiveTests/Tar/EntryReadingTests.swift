import LayerArchive
import TestSupport
import Testing

/// Reads files in pieces whose first bytes are `READ`, up to a number of bytes.
private final class PieceSelector: EntrySelector {
    private(set) var files: [EntryPath: [UInt8]] = [:]
    private(set) var finished: [EntryPath] = []
    private(set) var asked = 0
    let bytesMax: Int

    init(bytesMax: Int = .max) { self.bytesMax = bytesMax }

    private final class Reading: EntryReading {
        var bytes: [UInt8] = []
        let bytesMax: Int
        let end: ([UInt8]) -> Void
        init(_ bytesMax: Int, end: @escaping ([UInt8]) -> Void) {
            self.bytesMax = bytesMax
            self.end = end
        }
        func take(_ piece: UnsafeRawBufferPointer) -> Bool {
            bytes += piece
            return bytes.count < bytesMax
        }
        func finish() { end(bytes) }
    }

    func wants(_ entry: TarEntry) -> Bool { false }
    func take(_ entry: TarEntry, _ content: EntryContent) {}
    func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)? {
        asked += 1
        guard beginning.starts(with: "READ".utf8) else { return nil }
        return Reading(bytesMax) { [unowned self] bytes in
            files[entry.path] = bytes
            finished.append(entry.path)
        }
    }
}

@Suite("Files in pieces")
struct EntryReadingTests {
    private static func content(_ size: Int) -> String {
        "READ" + String(repeating: "0123456789abcdef", count: size / 16)
    }

    @Test(
        "a file is handed over whole, however the layer's bytes come",
        arguments: [1, 3, 15, 16, 17, 511, 4096, 1 << 20])
    func whole(_ pieces: Int) throws {
        let layer = LayerFixture([
            .file("a", Self.content(5000)), .file("other", String(repeating: "x", count: 700)),
            .file("b", Self.content(16)), .file("short", "READ"), .file("c", Self.content(512 - 4)),
        ])
        let selector = PieceSelector()
        try Reading.read(layer, pieces: pieces, selector: selector)
        let texts = selector.files.map { ("\($0.key)", String(decoding: $0.value, as: UTF8.self)) }
        #expect(
            Dictionary(uniqueKeysWithValues: texts) == [
                "a": Self.content(5000), "b": Self.content(16), "c": Self.content(512 - 4),
            ])
        #expect(selector.finished.count == 3)
        // Not for the one that is too short to tell.
        #expect(selector.asked == 4)
    }

    @Test("what wants no more gets no more, and ends once", arguments: [1, 100, 1 << 20])
    func enough(_ pieces: Int) throws {
        let selector = PieceSelector(bytesMax: 20)
        try Reading.read(
            LayerFixture([.file("a", Self.content(5000)), .file("b", Self.content(5000))]), pieces: pieces,
            selector: selector)
        #expect(selector.finished.map(\.description) == ["a", "b"])
        #expect(selector.files.values.allSatisfy { $0.count >= 20 })
    }
}
