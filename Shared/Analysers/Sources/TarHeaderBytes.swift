/// One header of a tar archive in GNU's form, whose long names may be of any bytes (GNU tar manual, "Basic Tar
/// Format").
enum TarHeaderBytes {
    static func of(_ entry: FolderWalk.Entry) -> [UInt8] {
        switch entry.kind {
        case .directory: named(entry.path + [UInt8(ascii: "/")], entry.mode, 0, UInt8(ascii: "5"))
        case .file: named(entry.path, entry.mode, entry.sizeBytes, UInt8(ascii: "0"))
        case .link(let target): named(entry.path, entry.mode, 0, UInt8(ascii: "2"), target: target)
        }
    }

    /// Two empty blocks.
    static let end = [UInt8](repeating: 0, count: 1024)

    /// What fills the last block of a body.
    static func padding(behind sizeBytes: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int((512 - sizeBytes % 512) % 512))
    }

    private static func named(
        _ name: [UInt8], _ mode: UInt32, _ size: Int64, _ type: UInt8, target: [UInt8] = []
    ) -> [UInt8] {
        long(name, UInt8(ascii: "L")) + long(target, UInt8(ascii: "K")) + block(name, mode, size, type, target)
    }

    /// A name that the header has no room for goes before it, as the content of an entry of its own.
    private static func long(_ name: [UInt8], _ type: UInt8) -> [UInt8] {
        guard name.count > 100 else { return [] }
        let content = name + [0]
        return block(Array("././@LongLink".utf8), 0, Int64(content.count), type, []) + content
            + padding(behind: Int64(content.count))
    }

    private static func block(
        _ name: [UInt8], _ mode: UInt32, _ size: Int64, _ type: UInt8, _ target: [UInt8]
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, _ offset: Int, _ max: Int) {
            for (index, byte) in bytes.prefix(max).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        put(name, 0, 100)
        put(octal(Int64(mode), digits: 7), 100, 7)
        put(octal(0, digits: 7), 108, 7)
        put(octal(0, digits: 7), 116, 7)
        if size < 1 << 33 {
            put(octal(size, digits: 11), 124, 11)
        } else {
            block[124] = 0x80
            put((0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }, 128, 8)
        }
        put(octal(0, digits: 11), 136, 11)
        block[156] = type
        put(target, 157, 100)
        put("ustar  ".utf8, 257, 7)
        put(Array(repeating: UInt8(ascii: " "), count: 8), 148, 8)
        put(octal(block.reduce(0) { $0 + Int64($1) }, digits: 6) + [0, UInt8(ascii: " ")], 148, 8)
        return block
    }
}
