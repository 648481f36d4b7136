import Foundation
import LayerArchive
import TestSupport
import Testing

@Suite("What is kept of a layer")
struct LayerContentsTests {
    @Test("it survives encoding, names that are no UTF-8 included")
    func roundTrip() throws {
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            let items = RandomTree.items(&generator, count: 50) + [.whiteout("x/y"), .opaque("x"), .opaque("")]
            let contents = try Reading.read(LayerFixture(items, compression: .plain, format: .pax)).contents
            let decoded = try JSONDecoder().decode(LayerContents.self, from: JSONEncoder().encode(contents))
            #expect(decoded == contents, "seed \(seed)")
        }
    }

    @Test("a path deeper than its limit is refused before its directories are kept")
    func deep() {
        let path = { (depth: Int) in Array(repeating: "d", count: depth).joined(separator: "/") }
        #expect(Reading.cause(LayerFixture([.file(path(256))], format: .pax)) == nil)
        #expect(
            Reading.cause(LayerFixture([.file(path(257))], format: .pax))
                == .overLimit("pathDepthMax", limit: 256, value: 257))
    }

    @Test("more directories than the limit are refused, whether they have entries or not", arguments: [false, true])
    func directories(_ haveEntries: Bool) {
        var limits = LayerLimits.standard
        limits.directoriesMax = 1000
        let layer = { (count: Int) in
            LayerFixture(
                (0..<count).map { haveEntries ? .directory("d\($0)") : .file("d\($0)/f") }, compression: .plain)
        }
        #expect(Reading.cause(layer(1000), limits: limits) == nil)
        #expect(
            Reading.cause(layer(1001), limits: limits) == .overLimit("directoriesMax", limit: 1000, value: nil))
    }

    @Test("short links count with what keeping them takes")
    func links() {
        var limits = LayerLimits.standard
        limits.linkBytesMax = 1000
        let items = (0..<10).map { TarFixture.Item.symlink("l\($0)", "t") }
        #expect(
            Reading.cause(LayerFixture(items), limits: limits) == .overLimit("linkBytesMax", limit: 1000, value: nil))
    }

    @Test("an empty layer survives encoding")
    func empty() throws {
        #expect(try JSONDecoder().decode(LayerContents.self, from: JSONEncoder().encode(LayerContents.empty)) == .empty)
    }
}
