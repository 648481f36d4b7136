/// Writes tar archives for tests, apart from the code that reads them.
public struct TarFixture: Sendable {
    /// How names of more than 100 bytes and other extras are written.
    public enum Format: Sendable, CaseIterable { case ustar, gnu, pax }

    public enum Item: Sendable {
        case file([UInt8], content: [UInt8], mode: UInt32)
        case directory([UInt8])
        case symlink([UInt8], target: [UInt8])
        case hardLink([UInt8], target: [UInt8])
        /// A character device, as in `/dev`.
        case device([UInt8])
        /// These very bytes, for what no writer would write.
        case raw([UInt8])
    }

    public var items: [Item]
    public var format: Format

    public init(_ items: [Item] = [], format: Format = .gnu) {
        self.items = items
        self.format = format
    }

    /// The archive with its end marker.
    public var bytes: [UInt8] { body + [UInt8](repeating: 0, count: 1024) }

    /// The entries alone, without the end marker.
    public var body: [UInt8] { items.flatMap { entry($0) } }

    private func entry(_ item: Item) -> [UInt8] {
        switch item {
        case .file(let path, let content, let mode):
            named(path, link: [], type: "0", mode: mode, size: Int64(content.count)) + Self.padded(content)
        case .directory(let path):
            named(path.last == UInt8(ascii: "/") ? path : path + [UInt8(ascii: "/")], link: [], type: "5", mode: 0o755)
        case .symlink(let path, let target): named(path, link: target, type: "2", mode: 0o777)
        case .hardLink(let path, let target): named(path, link: target, type: "1", mode: 0o644)
        case .device(let path): named(path, link: [], type: "3", mode: 0o666)
        case .raw(let bytes): bytes
        }
    }

    /// A header, after the extension headers that long names need.
    private func named(_ path: [UInt8], link: [UInt8], type: Character, mode: UInt32, size: Int64 = 0) -> [UInt8] {
        var extra: [UInt8] = []
        var split: (prefix: [UInt8], name: [UInt8]) = ([], path)
        switch format {
        case .ustar: split = Self.splitUstar(path)
        case .gnu:
            if path.count > 100 { extra += Self.extensionEntry("L", Array("././@LongLink".utf8), path + [0]) }
            if link.count > 100 { extra += Self.extensionEntry("K", Array("././@LongLink".utf8), link + [0]) }
        case .pax:
            var records: [UInt8] = []
            if path.count > 100 || path.contains(where: { $0 >= 0x80 }) { records += Self.paxRecord("path", path) }
            if link.count > 100 { records += Self.paxRecord("linkpath", link) }
            if !records.isEmpty { extra += Self.extensionEntry("x", Array("PaxHeaders.0/entry".utf8), records) }
        }
        return extra
            + Self.header(
                name: split.name, prefix: split.prefix, link: link, type: type, mode: mode, size: size,
                magic: format == .gnu ? "ustar  \0" : "ustar\u{0}00")
    }

    private static func splitUstar(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8]) {
        guard path.count > 100 else { return ([], path) }
        for index in path.indices
        where path[index] == UInt8(ascii: "/") && path.count - index - 1 <= 100 && index <= 155 && index > 0 {
            return (Array(path[..<index]), Array(path[(index + 1)...]))
        }
        preconditionFailure("ustar cannot hold this path")
    }

    public static func paxRecord(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    /// A PAX or GNU extension header with its body.
    public static func extensionEntry(_ type: Character, _ name: [UInt8], _ body: [UInt8]) -> [UInt8] {
        header(
            name: name, link: [], type: type, mode: 0, size: Int64(body.count),
            magic: type == "x" || type == "g" ? "ustar\u{0}00" : "ustar  \0")
            + padded(body)
    }

    /// One header block with a right checksum. Sizes that octal cannot hold are written in base 256.
    public static func header(
        name: [UInt8], prefix: [UInt8] = [], link: [UInt8] = [], type: Character = "0", mode: UInt32 = 0o644,
        size: Int64 = 0,
        magic: String = "ustar\u{0}00"
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, at offset: Int, max: Int) {
            for (index, byte) in bytes.prefix(max).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: some BinaryInteger, at offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: Swift.max(0, digits - text.count)) + text).utf8, at: offset, max: digits)
        }
        put(name, at: 0, max: 100)
        octal(mode, at: 100, digits: 7)
        octal(0, at: 108, digits: 7)
        octal(0, at: 116, digits: 7)
        if size < 1 << 33 {
            octal(size, at: 124, digits: 11)
        } else {
            block[124] = 0x80
            for index in 0..<8 { block[128 + index] = UInt8(truncatingIfNeeded: size >> (8 * (7 - index))) }
        }
        octal(0, at: 136, digits: 11)
        put([UInt8](repeating: 0x20, count: 8), at: 148, max: 8)
        put(String(type).utf8, at: 156, max: 1)
        put(link, at: 157, max: 100)
        put(magic.utf8, at: 257, max: 8)
        put(prefix, at: 345, max: 155)
        octal(block.reduce(0) { $0 + Int($1) }, at: 148, digits: 6)
        block[154] = 0
        block[155] = 0x20
        return block
    }

    public static func padded(_ content: [UInt8]) -> [UInt8] {
        content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
}

extension TarFixture.Item {
    public static func file(_ path: String, _ content: String = "", mode: UInt32 = 0o644) -> Self {
        .file(Array(path.utf8), content: Array(content.utf8), mode: mode)
    }
    public static func directory(_ path: String) -> Self { .directory(Array(path.utf8)) }
    public static func symlink(_ path: String, _ target: String) -> Self {
        .symlink(Array(path.utf8), target: Array(target.utf8))
    }
    public static func hardLink(_ path: String, _ target: String) -> Self {
        .hardLink(Array(path.utf8), target: Array(target.utf8))
    }
    public static func device(_ path: String) -> Self { .device(Array(path.utf8)) }
    /// Removes a path of lower layers.
    public static func whiteout(_ path: String) -> Self {
        let parts = path.split(separator: "/")
        return .file((parts.dropLast().map(String.init) + [".wh." + parts[parts.count - 1]]).joined(separator: "/"))
    }
    /// Hides what lower layers have in a directory.
    public static func opaque(_ directory: String) -> Self {
        .file(directory.isEmpty ? ".wh..wh..opq" : directory + "/.wh..wh..opq")
    }
}
