import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Gzip")
struct GzipTests {
    private static let archive = TarFixture([
        .file("a", String(repeating: "hello ", count: 100_000)), .file("b", "tail"),
    ]).bytes

    private static func layer(_ stored: [UInt8], of archive: [UInt8] = archive) -> LayerFixture {
        LayerFixture(stored: stored, diffID: ImageFixture.digest(archive), mediaType: LayerFixture.mediaType(.gzip))
    }

    @Test("any number of members is one stream", arguments: [1, 2, 7, 300])
    func members(_ count: Int) throws {
        let size = (Self.archive.count + count - 1) / count
        let stored = stride(from: 0, to: Self.archive.count, by: size).flatMap {
            LayerFixture.gzip(Array(Self.archive[$0..<min($0 + size, Self.archive.count)]))
        }
        let selector = KeepingSelector()
        let summary = try Reading.read(Self.layer(stored), pieces: 777, selector: selector)
        #expect(summary.uncompressedBytes == Int64(Self.archive.count))
        #expect(selector.text("b") == "tail")
    }

    @Test("a member of nothing at the end is fine: estargz has one")
    func emptyMember() throws {
        _ = try Reading.read(Self.layer(LayerFixture.gzip(Self.archive) + LayerFixture.gzip([])))
    }

    @Test("zero bytes after the stream are padding", arguments: [1, 511, 70_000])
    func padding(_ count: Int) throws {
        _ = try Reading.read(Self.layer(LayerFixture.gzip(Self.archive) + [UInt8](repeating: 0, count: count)))
    }

    @Test(
        "anything else after the stream is an error",
        arguments: [[1], [0, 1], [0x1F], [0x1F, 0x8B], Array("PK".utf8)] as [[UInt8]])
    func trailing(_ bytes: [UInt8]) {
        guard case .stream = Reading.cause(Self.layer(LayerFixture.gzip(Self.archive) + bytes)) else {
            Issue.record("trailing bytes were taken")
            return
        }
    }

    @Test("a stream that is cut anywhere is an error")
    func cut() {
        let stored = LayerFixture.gzip(Self.archive)
        for end in [
            1, 2, 9, 10, 11, stored.count / 2, stored.count - 9, stored.count - 8, stored.count - 4, stored.count - 1,
        ] {
            #expect(Reading.cause(Self.layer(Array(stored[..<end]))) != nil, "cut at \(end) of \(stored.count)")
        }
    }

    @Test("the trailer's CRC and length are checked", arguments: [8, 7, 5, 4, 3, 1])
    func trailer(_ fromEnd: Int) {
        var stored = LayerFixture.gzip(Self.archive)
        stored[stored.count - fromEnd] ^= 1
        #expect(Reading.cause(Self.layer(stored)) == .stream("the checksum or the length after the data is wrong"))
    }

    @Test("a header with every optional field is stepped over, in pieces of any size", arguments: [1, 3, 1000])
    func header(_ pieces: Int) throws {
        var stored = LayerFixture.gzip(Self.archive)
        let fields: [UInt8] = [4, 0, 1, 2, 3, 4] + Array("name\0comment\0".utf8) + [0xAA, 0xBB]
        stored[3] = 0b0001_1110
        stored.insert(contentsOf: fields, at: 10)
        _ = try Reading.read(Self.layer(stored), pieces: pieces)
    }

    @Test("an endless name in the header is over a limit")
    func endlessName() {
        var stored: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3]
        stored += [UInt8](repeating: 0x41, count: 400_000)
        #expect(Reading.cause(Self.layer(stored)) == .overLimit("gzipHeaderBytesMax", limit: 256 << 10, value: nil))
    }

    @Test("random bytes behind a gzip header are an error and no crash")
    func noise() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            let noise = (0..<Int.random(in: 1...5000, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(Reading.cause(Self.layer([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + noise)) != nil, "seed \(seed)")
        }
    }

    @Test("a flipped bit anywhere in the stream is found by the stream itself")
    func flippedBits() {
        let stored = LayerFixture.gzip(Self.archive)
        for seed in UInt64(1)...100 {
            var generator = SeededGenerator(seed: seed)
            var damaged = stored
            damaged[Int.random(in: 10..<stored.count, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
            #expect(Reading.cause(Self.layer(damaged)) != nil, "seed \(seed)")
        }
    }

    @Test("a bomb ends at the ratio, long before its size")
    func bomb() {
        var limits = LayerLimits.standard
        limits.ratioFloorBytes = 1 << 20
        let zeros = TarFixture([.file(Array("zeros".utf8), content: [UInt8](repeating: 0, count: 8 << 20), mode: 0o644)]
        ).bytes
        guard case .overLimit("ratioMax", 200, _) = Reading.cause(LayerFixture(archive: zeros), limits: limits) else {
            Issue.record("the bomb was taken")
            return
        }
    }
}
