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

    @Test("an empty layer survives encoding")
    func empty() throws {
        #expect(try JSONDecoder().decode(LayerContents.self, from: JSONEncoder().encode(LayerContents.empty)) == .empty)
    }
}
