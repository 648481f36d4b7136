import Foundation
import TestSupport
import Testing

@testable import LayerArchive

@Suite("Sparse files")
struct SparseFileTests {
    /// Wants no file as a whole, and reads one from its beginning.
    private final class PieceSelector: EntrySelector, EntryReading {
        private(set) var content: [UInt8] = []

        func wants(_ entry: TarEntry) -> Bool { false }
        func take(_ entry: TarEntry, _ content: EntryContent) {}
        func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)? {
            entry.path.description == "s" ? self : nil
        }
        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            content += bytes
            return true
        }
        func finish() {}
    }

    /// A file of 2 MiB whose first and last bytes are data.
    private static var sparseFile: [UInt8] {
        [UInt8](repeating: 1, count: 700) + [UInt8](repeating: 0, count: 2 << 20) + [UInt8](repeating: 2, count: 300)
    }

    /// The same as the header and the body of an archive, written by hand.
    private static func sparseEntry(_ form: String) -> [UInt8] {
        let data = sparseFile.filter { $0 != 0 }
        let (size, second) = (sparseFile.count, 700 + (2 << 20))
        func octal(_ value: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: 11 - text.count) + text).utf8) + [0]
        }
        func pax(_ records: [(String, String)], _ body: [UInt8]) -> [UInt8] {
            let text = records.map { key, value -> String in
                let rest = " \(key)=\(value)\n"
                let length = (1...9).lazy.map { String(rest.utf8.count + $0) }.first {
                    Int($0) == rest.utf8.count + $0.count
                }
                return (length ?? "") + rest
            }.joined()
            let header = TarFixture.header(name: Array("x".utf8), type: "x", size: Int64(text.utf8.count))
            return TarTests.summed(header) + TarFixture.padded(Array(text.utf8))
                + TarTests.summed(TarFixture.header(name: Array("s".utf8), type: "0", size: Int64(body.count)))
                + TarFixture.padded(body)
        }
        switch form {
        case "old", "old with more blocks":
            var block = TarFixture.header(
                name: Array("s".utf8), type: "S", size: Int64(data.count), magic: "ustar  \0")
            let parts = [(0, 100), (100, 100), (200, 100), (300, 400), (second, 300)]
            let inHeader = form == "old" ? [(0, 700), (second, 300)] : Array(parts.prefix(4))
            for (index, part) in inHeader.enumerated() {
                block.replaceSubrange(386 + 24 * index..<386 + 24 * (index + 1), with: octal(part.0) + octal(part.1))
            }
            block[482] = form == "old" ? 0 : 1
            block.replaceSubrange(483..<495, with: octal(size))
            var more: [UInt8] = []
            if form != "old" {
                more = octal(second) + octal(300)
                more += [UInt8](repeating: 0, count: 512 - more.count)
            }
            return TarTests.summed(block) + more + TarFixture.padded(data)
        case "PAX 0.0":
            return pax(
                [
                    ("GNU.sparse.size", "\(size)"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "0"),
                    ("GNU.sparse.numbytes", "700"), ("GNU.sparse.offset", "\(second)"), ("GNU.sparse.numbytes", "300"),
                ], data)
        case "PAX 0.1":
            return pax([("GNU.sparse.size", "\(size)"), ("GNU.sparse.map", "0,700,\(second),300")], data)
        default:
            let map = TarFixture.padded(Array("2\n0\n700\n\(second)\n300\n".utf8))
            return pax(
                [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "\(size)")], map + data)
        }
    }

    @Test(
        "a sparse file is put together, whatever pieces it comes in, in each of its forms",
        arguments: ["old", "old with more blocks", "PAX 0.0", "PAX 0.1", "PAX 1.0"])
    func forms(_ form: String) throws {
        let archive = TarFixture([.raw(Self.sparseEntry(form)), .file("b", "after")]).bytes
        for step in [1 << 20, 511, 7] {
            let selector = KeepingSelector()
            var parser = TarParser(limits: .standard)
            var output = LayerContentsBuilder(limits: .standard)
            for start in stride(from: 0, to: archive.count, by: step) {
                try archive[start..<min(start + step, archive.count)].withUnsafeBytes {
                    try parser.feed($0, into: &output, selector)
                }
            }
            try parser.finish()
            #expect(selector.unread.isEmpty)
            #expect(selector.bytes("s") == Self.sparseFile)
            #expect(selector.text("b") == "after")
        }
    }

    @Test("the same files as GNU tar writes", arguments: ["oldgnu", "0.0", "0.1", "1.0"])
    func tool(_ form: String) throws {
        do {
            let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appending(path: "s")
            try Data(repeating: 1, count: 8192).write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seek(toOffset: 5 << 20)
            try handle.write(contentsOf: Data(repeating: 2, count: 5000))
            try handle.close()
            let kind = form == "oldgnu" ? ["--format=oldgnu"] : ["--format=pax", "--sparse-version=\(form)"]
            let tar = try #require(Program.path(of: "tar"))
            try Program.run(
                tar, ["-C", folder.path, "-cf", folder.appending(path: "a.tar").path, "--sparse"] + kind + ["s"])
            let selector = KeepingSelector()
            try Reading.read(
                TarTests.plain(Array(try Data(contentsOf: folder.appending(path: "a.tar")))), selector: selector)
            #expect(selector.bytes("s") == Array(try Data(contentsOf: file)))
        }
    }

    @Test("a sparse file that nobody wants as a whole is looked at from its beginning, unless it is too large")
    func pieces() throws {
        let layer = LayerFixture([.raw(Self.sparseEntry("PAX 1.0")), .file("b", "after")])
        let selector = PieceSelector()
        try Reading.read(layer, selector: selector)
        #expect(selector.content == Self.sparseFile)
        var limits = LayerLimits.standard
        limits.keptFileBytesMax = 1 << 20
        let other = PieceSelector()
        try Reading.read(layer, limits: limits, selector: other)
        #expect(other.content.isEmpty)
        let wanting = KeepingSelector()
        try Reading.read(layer, limits: limits, selector: wanting)
        #expect(wanting.unread.keys.map(\.description) == ["s"])
    }

    @Test(
        "a map that cannot be is damage",
        arguments: [
            "0,700,100,300", "0,700", "0,701,2000,300", "0,1000,2097852,0,5,1", "0,700,2097852,301", "0,x", "0,700,1",
        ])
    func damage(_ map: String) {
        let records = ["GNU.sparse.size=\(Self.sparseFile.count)", "GNU.sparse.map=\(map)"]
        let text = records.map { "\($0.utf8.count + 4) \($0)\n" }.joined()
        let entry =
            TarTests.summed(TarFixture.header(name: Array("x".utf8), type: "x", size: Int64(text.utf8.count)))
            + TarFixture.padded(Array(text.utf8))
            + TarTests.summed(TarFixture.header(name: Array("s".utf8), type: "0", size: 1000))
            + TarFixture.padded([UInt8](repeating: 1, count: 1000))
        guard case .archive = Reading.cause(LayerFixture([.raw(entry)]), selector: KeepingSelector()) else {
            Issue.record("it was read")
            return
        }
    }

    @Test(
        "without a map, or of another version, it is no sparse file, and no file hides behind another name",
        arguments: [
            [("GNU.sparse.name", "tmp/x"), ("GNU.sparse.realsize", "0")],
            [
                ("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "tmp/x"),
                ("GNU.sparse.map", "0,5"),
            ],
        ])
    func noSparse(_ records: [(String, String)]) throws {
        let text = ([("path", "app/log4j.jar")] + records).flatMap { TarFixture.paxRecord($0.0, Array($0.1.utf8)) }
        let entry =
            TarFixture.extensionEntry("x", Array("PaxHeaders/x".utf8), text)
            + TarTests.summed(TarFixture.header(name: Array("x".utf8), size: 5))
            + TarFixture.padded(Array("hello".utf8))
        let selector = KeepingSelector()
        try Reading.read(LayerFixture([.raw(entry)]), selector: selector)
        #expect(selector.text("app/log4j.jar") == "hello")
        #expect(selector.files.count == 1)
    }
}
