/// A path inside the image root, bytewise: no leading `/`, no `.`, no `..`, no empty component. The root itself is
/// empty.
///
/// Names in archives need not be UTF-8; two names that differ in one byte stay different.
public struct EntryPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// Drops `./`, `//` and slashes at the ends.
    /// - Returns: nil if a component is `..` or a byte is NUL: such a path is not followed.
    public init?(_ raw: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var start = raw.startIndex
        while start < raw.endIndex {
            let end = raw[start...].firstIndex(of: UInt8(ascii: "/")) ?? raw.endIndex
            let component = raw[start..<end]
            if component.count == 2, component.allSatisfy({ $0 == UInt8(ascii: ".") }) { return nil }
            if !component.isEmpty, !(component.count == 1 && component.first == UInt8(ascii: ".")) {
                if component.contains(0) { return nil }
                if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
                bytes.append(contentsOf: component)
            }
            start = end == raw.endIndex ? end : raw.index(after: end)
        }
        self.bytes = bytes
    }

    public init?(_ text: String) { self.init(Array(text.utf8)) }
    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public static let root = EntryPath(unchecked: [])

    public var isRoot: Bool { bytes.isEmpty }
    /// The last component.
    public var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }
    /// Everything before the last component; the root's parent is the root.
    public var parent: EntryPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return EntryPath(unchecked: Array(bytes[..<slash]))
    }
    public var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    public func appending(_ component: some Collection<UInt8>) -> EntryPath {
        EntryPath(unchecked: isRoot ? Array(component) : bytes + [UInt8(ascii: "/")] + component)
    }

    /// Whether this is the other path or lies below it.
    public func isAtOrBelow(_ other: EntryPath) -> Bool {
        other.isRoot || bytes == other.bytes
            || (bytes.starts(with: other.bytes) && bytes[other.bytes.count] == UInt8(ascii: "/"))
    }

    /// For people: bytes that are no UTF-8 are written as `\xNN`, so different paths stay different.
    public var description: String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let digits = Array("0123456789abcdef".utf8)
        let escaped = bytes.flatMap { byte in
            byte < 0x80
                ? [byte] : [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    public static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// 64-bit hash, the same in every process: it is part of cached records (FNV-1a).
    var hash64: UInt64 { bytes.reduce(Self.hashSeed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }
    static let hashSeed: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The hashes of all proper ancestors, nearest the root first, without the root; the last is the parent's.
    var ancestorHashes: [UInt64] {
        var hashes: [UInt64] = []
        var hash = Self.hashSeed
        for byte in bytes {
            if byte == UInt8(ascii: "/") { hashes.append(hash) }
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return hashes
    }
}

/// As text; a path that is no UTF-8 as NUL and its bytes in hex, since no path holds a NUL.
extension EntryPath: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        if text.hasPrefix("\0") {
            let digits = text.utf8.dropFirst().compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            bytes = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        } else {
            bytes = Array(text.utf8)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        let text: String
        if let valid = String(validating: bytes, as: UTF8.self) {
            text = valid
        } else {
            let digits = Array("0123456789abcdef".utf8)
            text =
                "\0" + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
