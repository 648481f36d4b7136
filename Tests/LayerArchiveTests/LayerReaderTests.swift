import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Reading a layer")
struct LayerReaderTests {
    private static let items: [TarFixture.Item] = [
        .directory("etc/"), .file("etc/os-release", "ID=debian\n"), .file("./usr//lib/./x", "x"),
        .symlink("bin", "usr/bin"),
        .file("big", String(repeating: "0123456789abcdef", count: 60_000)), .hardLink("etc/copy", "etc/os-release"),
        .device("dev/null"),
    ]

    @Test(
        "gzip, zstd and plain layers give the same content", arguments: LayerFixture.Compression.allCases,
        [1, 511, 4096, 1 << 20])
    func compressions(_ compression: LayerFixture.Compression, _ pieces: Int) throws {
        let selector = KeepingSelector()
        let layer = LayerFixture(Self.items, compression: compression)
        let summary = try Reading.read(layer, pieces: pieces, selector: selector)
        #expect(summary.digest == layer.descriptor.digest)
        #expect(summary.diffID == layer.diffID)
        #expect(summary.storedBytes == Int64(layer.stored.count))
        #expect(selector.text("etc/os-release") == "ID=debian\n")
        #expect(selector.text("usr/lib/x") == "x")
        #expect(selector.text("big")?.utf8.count == 960_000)
        #expect(selector.files.count == 3)
        #expect(summary.contents.entryCount == 7)
    }

    @Test("a layer whose bytes take too long is over a limit with a name, however they come")
    func tooSlow() throws {
        let layer = LayerFixture(Self.items)
        var time = ContinuousClock.now
        let seconds = LayerLimits.standard.secondsMax
        let limit = Duration.seconds(seconds)
        for (step, isRead) in [(limit / 3, true), (limit, false)] {
            let reader = try LayerReader(descriptor: layer.descriptor, now: { time })
            func feed() throws {
                for piece in 0..<4 {
                    let bytes = layer.stored.dropFirst(piece * layer.stored.count / 4)
                        .prefix((piece + 1) * layer.stored.count / 4 - piece * layer.stored.count / 4)
                    try Array(bytes).withUnsafeBytes { try reader.write($0) }
                    time += step
                }
            }
            guard !isRead else {
                try feed()
                #expect(try reader.finish().diffID == layer.diffID)
                continue
            }
            let error = #expect(throws: LayerError.self) { try feed() }
            #expect(error?.cause == .overLimit("secondsMax", limit: seconds, value: nil))
            #expect(error?.isTransient == false)
        }
    }

    @Test("a layer of only an end marker is empty and right")
    func onlyEndMarker() throws {
        let summary = try Reading.read(LayerFixture([]))
        #expect(summary.contents.entryCount == 0)
    }

    @Test("bytes that are not the digest's are refused, and it may be the transport's fault")
    func wrongDigest() throws {
        let layer = LayerFixture(Self.items)
        var descriptor = layer.descriptor
        descriptor.digest = ImageFixture.digest([1])
        let cause = Reading.cause(layer, descriptor: descriptor)
        #expect(cause == .digestMismatch(actual: layer.descriptor.digest))
        #expect(LayerError(layer: layer.descriptor.digest, cause: try #require(cause)).isTransient)
    }

    @Test("a flipped bit is told by the digest, not by what it breaks", arguments: [20, 300, 900])
    func flippedBit(_ place: Int) throws {
        var layer = LayerFixture(Self.items)
        let descriptor = layer.descriptor
        layer.stored[place] ^= 0x10
        guard case .digestMismatch = Reading.cause(layer, descriptor: descriptor) else {
            Issue.record("the digest must be judged first")
            return
        }
    }

    @Test("a diff_id that does not fit is refused")
    func wrongDiffID() {
        let layer = LayerFixture(Self.items)
        let other = ImageFixture.digest([2])
        #expect(Reading.cause(layer, diffID: other) == .diffIDMismatch(expected: other, actual: layer.diffID))
    }

    @Test("more or fewer bytes than the descriptor says are refused", arguments: [-1, 1] as [Int64])
    func wrongSize(_ difference: Int64) {
        let layer = LayerFixture(Self.items)
        var descriptor = layer.descriptor
        descriptor.size += difference
        #expect(
            Reading.cause(layer, descriptor: descriptor)
                == .sizeMismatch(expected: descriptor.size, actual: Int64(layer.stored.count)))
    }

    @Test("a layer without bytes is no clean result", arguments: LayerFixture.Compression.allCases)
    func noBytes(_ compression: LayerFixture.Compression) {
        let layer = LayerFixture(
            stored: [], diffID: ImageFixture.digest([]), mediaType: LayerFixture.mediaType(compression))
        #expect(Reading.cause(layer) == .empty)
    }

    @Test("a compressed layer of no bytes is no clean result", arguments: LayerFixture.Compression.allCases)
    func noArchive(_ compression: LayerFixture.Compression) {
        let cause = Reading.cause(LayerFixture(archive: [], compression: compression))
        switch cause {
        case .empty, .archive: break
        default: Issue.record("it was \(String(describing: cause))")
        }
    }

    @Test("what the bytes are counts, not what the media type says")
    func lyingMediaType() throws {
        let plain = LayerFixture(Self.items, compression: .plain)
        let lying = LayerFixture(stored: plain.stored, diffID: plain.diffID, mediaType: LayerFixture.mediaType(.gzip))
        let summary = try Reading.read(lying)
        #expect(summary.compression == .plain)
        #expect(summary.statedCompression == .gzip)
    }

    @Test(
        "what is no layer of an image is refused with its media type",
        arguments: [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.in-toto+json", "application/octet-stream",
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "",
        ])
    func mediaTypes(_ type: String) {
        var layer = LayerFixture(Self.items)
        layer.mediaType = MediaType(type)
        guard case .mediaType(type, _) = Reading.cause(layer) else {
            Issue.record("“\(type)” was taken")
            return
        }
    }

    @Test(
        "bzip2 and xz are named, not taken for a broken archive",
        arguments: [("BZh91AY", "bzip2"), ("\u{fd}7zXZ", "xz")])
    func otherCompressions(_ magic: String, _ name: String) {
        let bytes: [UInt8] = name == "xz" ? [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1, 2] : Array(magic.utf8)
        let layer = LayerFixture(
            stored: bytes, diffID: ImageFixture.digest(bytes), mediaType: LayerFixture.mediaType(.plain))
        #expect(Reading.cause(layer) == .compression(name))
    }

    @Test("a reader that failed says the same again, and one that is done takes nothing more")
    func afterwards() throws {
        let layer = LayerFixture(Self.items)
        let reader = try LayerReader(descriptor: layer.descriptor)
        try layer.stored.withUnsafeBytes { try reader.write($0) }
        _ = try reader.finish()
        #expect(throws: LayerError(layer: layer.descriptor.digest, cause: .finished)) { _ = try reader.finish() }
    }

    @Test("a reader that is given up on in the middle ends its thread")
    func givenUp() throws {
        let layer = LayerFixture([.file("big", String(repeating: "x", count: 3_000_000))], compression: .plain)
        for _ in 0..<20 {
            let reader = try LayerReader(descriptor: layer.descriptor)
            try layer.stored[..<1_500_000].withUnsafeBytes { try reader.write($0) }
        }
    }

    @Test("any chunking gives the same summary and content")
    func chunking() throws {
        for seed in UInt64(1)...12 {
            var generator = SeededGenerator(seed: seed)
            let items = RandomTree.items(&generator, count: 60)
            for compression in LayerFixture.Compression.allCases {
                let layer = LayerFixture(
                    items, compression: compression, format: TarFixture.Format.allCases[Int(seed % 2) + 1])
                let whole = KeepingSelector()
                let expected = try Reading.read(layer, pieces: layer.stored.count, selector: whole)
                let selector = KeepingSelector()
                let reader = try LayerReader(descriptor: layer.descriptor, selector: selector)
                try Reading.feed(layer.stored, to: reader) { Int.random(in: 1...9000, using: &generator) }
                let summary = try reader.finish()
                #expect(summary.contents == expected.contents, "seed \(seed)")
                #expect(selector.files == whole.files, "seed \(seed)")
            }
        }
    }
}
