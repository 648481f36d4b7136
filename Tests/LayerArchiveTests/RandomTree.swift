import TestSupport

/// Random archives, and what must come out of them.
enum RandomTree {
    static func items(_ generator: inout SeededGenerator, count: Int) -> [TarFixture.Item] {
        (0..<count).map { _ in
            let path = path(&generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: return .directory(path)
            case 1: return .symlink(path, target: bytes(&generator, 1...200))
            case 2: return .hardLink(path, target: self.path(&generator))
            case 3: return .device(path)
            default:
                let size = [0, 1, 511, 512, 513, 3000, 20_000].randomElement(using: &generator) ?? 0
                return .file(
                    path, content: (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }, mode: 0o644)
            }
        }
    }

    private static func path(_ generator: inout SeededGenerator) -> [UInt8] {
        let depth = Int.random(in: 1...8, using: &generator)
        return Array((0..<depth).map { _ in bytes(&generator, 1...40) }.joined(separator: [UInt8(ascii: "/")]))
    }

    /// A name: any byte but NUL and `/`, and never dots alone.
    private static func bytes(_ generator: inout SeededGenerator, _ lengths: ClosedRange<Int>) -> [UInt8] {
        [UInt8(ascii: "n")]
            + (1..<max(2, Int.random(in: lengths, using: &generator))).map { _ in
                let byte = UInt8.random(in: 1...255, using: &generator)
                return byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            }
    }
}
