import TestSupport
import Testing

@testable import Analysers

@Suite("Finding anchors")
struct AnchorIndexTests {
    @Test("every anchor, once, and nothing else, in any part of any bytes")
    func property() {
        var generator = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        for _ in 0..<500 {
            // Few different bytes, so that anchors stand everywhere and overlap.
            func bytes(_ lengths: ClosedRange<Int>) -> [UInt8] {
                (0..<Int.random(in: lengths, using: &generator)).map { _ in UInt8.random(in: 97...99, using: &generator)
                }
            }
            let anchors = Array(Set((0..<Int.random(in: 1...8, using: &generator)).map { _ in bytes(4...9) }))
            let text = bytes(0...80)
            let start = Int.random(in: 0...text.count, using: &generator)
            let end = Int.random(in: start...text.count, using: &generator)
            var found: [[Int]] = []
            text.withUnsafeBytes { text in
                AnchorIndex(anchors).find(in: text, from: start, to: end) { found.append([$0, $1]) }
            }
            var expected: [[Int]] = []
            for (number, anchor) in anchors.enumerated() {
                for place in start..<end where text[place...].starts(with: anchor) { expected.append([number, place]) }
            }
            #expect(
                found.sorted { $0.lexicographicallyPrecedes($1) }
                    == expected.sorted { $0.lexicographicallyPrecedes($1) }, "\(text) \(anchors) \(start)..<\(end)")
        }
    }

    @Test("a window shows each place once, with what stands around it, whatever the pieces")
    func window() {
        var generator = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let behind = Int.random(in: 1...20, using: &generator)
            let ahead = Int.random(in: 1...30, using: &generator)
            var window = SlidingWindow(behindBytes: behind, aheadBytes: ahead)
            var base = 0
            var next = 0
            func look(_ known: UnsafeRawBufferPointer, _ places: Range<Int>, _ past: Int) {
                #expect(known.elementsEqual(text[base..<(base + known.count)]))
                #expect(base + places.lowerBound == next, "each place once")
                next = base + places.upperBound
                let first = base + places.lowerBound
                #expect(min(first, behind) <= places.lowerBound, "enough before the first place")
                #expect(min(text.count - next, ahead) <= known.count - places.upperBound, "enough after the last")
                base += past
            }
            var start = 0
            while start < text.count {
                let end = min(text.count, start + Int.random(in: 1...250, using: &generator))
                text[start..<end].withUnsafeBytes { window.take($0, look) }
                start = end
            }
            window.finish(look)
            #expect(next == text.count)
        }
    }
}
