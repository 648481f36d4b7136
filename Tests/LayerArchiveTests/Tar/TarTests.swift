import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Tar")
struct TarTests {
    static func plain(_ archive: [UInt8]) -> LayerFixture {
        LayerFixture(archive: archive, compression: .plain)
    }
    private static func archiveError(_ archive: [UInt8]) -> String? {
        guard case .archive(let what, _) = Reading.cause(plain(archive)) else { return nil }
        return what
    }

    @Test("names of every length survive in every format", arguments: TarFixture.Format.allCases)
    func names(_ format: TarFixture.Format) throws {
        for length in [1, 99, 100, 101, 155, 200, 254] {
            let name = Array(String(repeating: "d/", count: length / 2).utf8) + [UInt8(ascii: "e")]
            let path = try #require(EntryPath(name))
            let selector = KeepingSelector()
            try Reading.read(
                LayerFixture([.file(name, content: Array("x".utf8), mode: 0o600)], compression: .plain, format: format),
                selector: selector)
            #expect(selector.files[path] == Array("x".utf8), "\(format) \(length)")
        }
    }

    @Test("names that are no UTF-8 stay as they are", arguments: [TarFixture.Format.gnu, .pax])
    func bytewise(_ format: TarFixture.Format) throws {
        let one: [UInt8] = [0x66, 0xFF, 0x80]
        let other: [UInt8] = [0x66, 0xFE, 0x80]
        let selector = KeepingSelector()
        try Reading.read(
            LayerFixture([.file(one, content: [1], mode: 0), .file(other, content: [2], mode: 0)], format: format),
            selector: selector)
        #expect(selector.files.count == 2)
        #expect(Set(selector.files.keys.map(\.description)) == ["f\\xff\\x80", "f\\xfe\\x80"])
    }

    @Test("long link targets survive", arguments: [TarFixture.Format.gnu, .pax])
    func longLinks(_ format: TarFixture.Format) throws {
        let target = String(repeating: "../target", count: 30)
        let summary = try Reading.read(
            LayerFixture(
                [.symlink("link", target), .hardLink("hard", String(repeating: "x/", count: 80) + "y")], format: format)
        )
        #expect(summary.contents.symlinks.values.first == Array(target.utf8))
        #expect(summary.contents.hardLinks.values.first?.description == String(repeating: "x/", count: 80) + "y")
    }

    @Test("the size in a PAX header counts")
    func paxSize() throws {
        let content = [UInt8](repeating: 7, count: 700)
        let records = TarFixture.paxRecord("size", Array("700".utf8))
        let raw =
            TarFixture.extensionEntry("x", Array("PaxHeaders/a".utf8), records)
            + TarFixture.header(name: Array("a".utf8), size: 0) + TarFixture.padded(content)
        let selector = KeepingSelector()
        try Reading.read(LayerFixture([.raw(raw), .file("b", "after")]), selector: selector)
        #expect(selector.files[try #require(EntryPath("a"))] == content)
        #expect(selector.text("b") == "after")
    }

    @Test("sizes in base 256 are read")
    func base256() throws {
        var block = TarFixture.header(name: Array("a".utf8), size: 0)
        block[124] = 0x80
        for index in 125..<136 { block[index] = 0 }
        block[135] = 3
        let selector = KeepingSelector()
        try Reading.read(
            LayerFixture([.raw(Self.summed(block) + TarFixture.padded([1, 2, 3])), .file("b", "after")]),
            selector: selector)
        #expect(selector.files[try #require(EntryPath("a"))] == [1, 2, 3])
        #expect(selector.text("b") == "after")
    }

    static func summed(_ block: [UInt8]) -> [UInt8] {
        var block = block
        for index in 148..<156 { block[index] = 0x20 }
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        for (index, byte) in (String(repeating: "0", count: 6 - sum.count) + sum).utf8.enumerated() {
            block[148 + index] = byte
        }
        block[154] = 0
        return block
    }

    @Test("an entry of 2^62 bytes is over a limit, and no memory is asked for")
    func hugeEntry() {
        let archive = TarFixture([.raw(TarFixture.header(name: Array("a".utf8), size: 1 << 62))]).bytes
        #expect(
            Reading.cause(Self.plain(archive)) == .overLimit("uncompressedBytesMax", limit: 64 << 30, value: 1 << 62))
    }

    @Test("negative and absurd sizes are errors", arguments: [0xFF, 0xC0, 0x80] as [UInt8])
    func badSizes(_ first: UInt8) {
        var block = TarFixture.header(name: Array("a".utf8), size: 0)
        for index in 124..<136 { block[index] = 0xFF }
        block[124] = first
        #expect(Self.archiveError(Self.summed(block) + [UInt8](repeating: 0, count: 1024)) != nil)
    }

    @Test("a wrong checksum is an error")
    func checksum() {
        var archive = TarFixture([.file("a", "x")]).bytes
        archive[0] ^= 1
        #expect(Self.archiveError(archive) == "the checksum of a header is wrong")
    }

    /// Headers at 0, 2560 and 3072; contents end at 2512 and 3585.
    private static let three = TarFixture([
        .file("a", String(repeating: "x", count: 2000)), .directory("d"), .file("d/b", "y"),
    ])

    @Test("an archive that is cut in a header or in a content is an error")
    func cut() {
        for end in [1, 511, 512, 513, 1500, 2511, 2561, 3000, 3071, 3073, 3500, 3584] {
            let error = Self.archiveError(Array(Self.three.bytes[..<end]))
            #expect(error == (end < 512 ? "it holds no entry and no end marker" : "it is cut off"), "cut at \(end)")
        }
    }

    @Test("one without its end marker is complete, and without its last padding, too: runtimes take it, umoci makes it")
    func withoutEndMarker() throws {
        for (end, entries) in [(2512, 1), (2513, 1), (2560, 1), (3072, 2), (3585, 3), (4000, 3), (4096, 3)] {
            let selector = KeepingSelector()
            let summary = try Reading.read(Self.plain(Array(Self.three.bytes[..<end])), selector: selector)
            #expect(summary.contents.entryCount == entries, "cut at \(end)")
            #expect(selector.text("a")?.count == 2000, "cut at \(end)")
        }
    }

    @Test("an extension header without its entry is an error")
    func orphanedExtension() {
        let archive = TarFixture([.raw(TarFixture.extensionEntry("L", Array("././@LongLink".utf8), Array("name".utf8)))]
        ).bytes
        #expect(Self.archiveError(archive) == "an extension header has no entry")
    }

    @Test(
        "broken PAX records are errors",
        arguments: ["5 a=x", "99 path=x\n", "x path=a\n", "9 path=ab", " 6 a=b\n", "7 ab\ncd\n", "10 path=\u{0}\n"])
    func badPAX(_ records: String) {
        let archive = TarFixture([
            .raw(TarFixture.extensionEntry("x", Array("p".utf8), Array(records.utf8))), .file("a"),
        ]).bytes
        #expect(Self.archiveError(archive) != nil)
    }

    @Test("an entry behind a lone zero block is an error; bytes behind the end marker are not read")
    func zeroBlocks() throws {
        let one = TarFixture([.file("a")]).body
        let zero = [UInt8](repeating: 0, count: 512)
        #expect(Self.archiveError(one + zero + one + zero + zero) == "an entry follows a lone zero block")
        let selector = KeepingSelector()
        try Reading.read(Self.plain(one + zero + zero + TarFixture([.file("hidden")]).bytes), selector: selector)
        #expect(selector.files.count == 1)
        try Reading.read(Self.plain(one + zero))
    }

    @Test("paths that climb are ignored and told", arguments: ["../x", "a/../../x", "a/..", "/../x", "..", "./../x"])
    func climbing(_ path: String) throws {
        let selector = KeepingSelector()
        let summary = try Reading.read(LayerFixture([.file(path, "evil"), .file("good", "fine")]), selector: selector)
        #expect(selector.files.count == 1)
        #expect(summary.contents.ignored.count == 1)
        #expect(summary.contents.ignored.examples.first?.contains("leaves the image root") == true)
    }

    @Test("absolute names lie below the root")
    func absolute() throws {
        let selector = KeepingSelector()
        try Reading.read(LayerFixture([.file("/etc/passwd", "x"), .file(".//a//./b/", "y")]), selector: selector)
        #expect(selector.text("etc/passwd") == "x")
    }

    @Test("every limit is named in the error")
    func limits() {
        var limits = LayerLimits.standard
        limits.entriesMax = 2
        let three = LayerFixture([.file("a"), .file("b"), .file("c")])
        #expect(Reading.cause(three, limits: limits) == .overLimit("entriesMax", limit: 2, value: nil))
        limits = .standard
        limits.pathBytesMax = 3
        #expect(
            Reading.cause(LayerFixture([.file("abcd")]), limits: limits)
                == .overLimit("pathBytesMax", limit: 3, value: 4))
        limits = .standard
        limits.linkBytesMax = 10
        #expect(
            Reading.cause(LayerFixture([.symlink("abcd", "efghijkl")]), limits: limits)
                == .overLimit("linkBytesMax", limit: 10, value: nil))
        limits = .standard
        limits.compressedBytesMax = 10
        #expect(
            Reading.cause(three, limits: limits)
                == .overLimit("compressedBytesMax", limit: 10, value: Int64(three.stored.count)))
        limits = .standard
        limits.uncompressedBytesMax = 1024
        #expect(Reading.cause(three, limits: limits) == .overLimit("uncompressedBytesMax", limit: 1024, value: nil))
        limits = .standard
        limits.extensionBytesMax = 100
        let long = LayerFixture([.file(String(repeating: "x", count: 200))])
        #expect(Reading.cause(long, limits: limits) == .overLimit("extensionBytesMax", limit: 100, value: 201))
        limits = .standard
        limits.keptBytesMax = 5
        let kept = LayerFixture([.file("a", "1234"), .file("b", "5678")])
        #expect(
            Reading.cause(kept, limits: limits, selector: KeepingSelector())
                == .overLimit("keptBytesMax", limit: 5, value: 8))
    }

    @Test("a wanted file over its limit is told, and the rest is read")
    func keptFile() throws {
        var limits = LayerLimits.standard
        limits.keptFileBytesMax = 3
        let selector = KeepingSelector()
        try Reading.read(LayerFixture([.file("a", "1234"), .file("b", "567")]), limits: limits, selector: selector)
        #expect(selector.unread.keys.map(\.description) == ["a"])
        #expect(selector.text("b") == "567")
    }

    @Test("random blocks are an error or an archive, never a crash")
    func noise() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            var archive = TarFixture(RandomTree.items(&generator, count: 8), format: .pax).bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                archive[Int.random(in: 0..<archive.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = Reading.cause(Self.plain(archive), selector: KeepingSelector())
        }
    }
}
