import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Zstandard")
struct ZstdTests {
    private static let archive = TarFixture([
        .file("a", String(repeating: "hello ", count: 100_000)), .file("b", "tail"),
    ]).bytes
    private static let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]

    private static func layer(_ stored: [UInt8]) -> LayerFixture {
        LayerFixture(stored: stored, diffID: ImageFixture.digest(archive), mediaType: LayerFixture.mediaType(.zstd))
    }

    @Test("frames follow each other, skippable ones anywhere: zstd:chunked has both", arguments: [1, 100, 1 << 20])
    func frames(_ pieces: Int) throws {
        let half = archiveHalf
        let stored =
            Self.skippable + LayerFixture.zstd(Array(Self.archive[..<half])) + Self.skippable
            + LayerFixture.zstd(Array(Self.archive[half...])) + Self.skippable
        let selector = KeepingSelector()
        try Reading.read(Self.layer(stored), pieces: pieces, selector: selector)
        #expect(selector.text("b") == "tail")
    }

    private var archiveHalf: Int { Self.archive.count / 2 }

    @Test("a stream that is cut anywhere is an error")
    func cut() {
        let stored = LayerFixture.zstd(Self.archive)
        for end in [1, 3, 4, 5, 9, stored.count / 2, stored.count - 4, stored.count - 1] {
            #expect(Reading.cause(Self.layer(Array(stored[..<end]))) != nil, "cut at \(end) of \(stored.count)")
        }
        #expect(Reading.cause(Self.layer(stored + Self.skippable.dropLast())) != nil)
    }

    @Test("anything else after the frames is an error", arguments: [[1], [0, 0, 0, 0], Array("PK".utf8)] as [[UInt8]])
    func trailing(_ bytes: [UInt8]) {
        #expect(Reading.cause(Self.layer(LayerFixture.zstd(Self.archive) + bytes)) != nil)
    }

    @Test("a flipped bit is found by the frame's checksum")
    func flippedBits() {
        let stored = LayerFixture.zstd(Self.archive)
        for seed in UInt64(1)...50 {
            var generator = SeededGenerator(seed: seed)
            var damaged = stored
            damaged[Int.random(in: 0..<stored.count, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
            #expect(Reading.cause(Self.layer(damaged)) != nil, "seed \(seed)")
        }
    }

    @Test("a window over the limit is refused before it takes memory")
    func window() {
        // A frame header without content size: descriptor 0, window descriptor for 2^31 bytes (exponent 21).
        let stored: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 1, 0, 0]
        #expect(Reading.cause(Self.layer(stored)) == .overLimit("zstdWindowLogMax", limit: 25, value: nil))
    }
}
