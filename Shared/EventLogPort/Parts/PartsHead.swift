/// What the head of a value in parts says: the value lies in `count` records `<key>#<sha256>#<n>` (n from 0) of the
/// same partition, the first of them at `from`.
public struct PartsHead: Hashable, Sendable, Codable {
    public let count: Int
    public let bytes: Int
    /// Of the whole value, 64 lower-case hexadecimal digits.
    public let sha256: String
    public let from: Int64

    public init(count: Int, bytes: Int, sha256: String, from: Int64) {
        self.count = count
        self.bytes = bytes
        self.sha256 = sha256
        self.from = from
    }

    /// The largest whole value: 256 MiB.
    public static let bytesMax = 256 * 1024 * 1024
    /// Parts are at most this large, so the largest value has 512 of them.
    public static let partBytesMax = 512 * 1024

    package func partKey(_ key: String, _ n: Int) -> String { Self.partKey(key, sha256, n) }

    package static func partKey(_ key: String, _ sha256: String, _ n: Int) -> String { "\(key)#\(sha256)#\(n)" }
}

/// Headers that parts and their heads carry.
package enum PartsHeader {
    /// On each part and on its tombstone: the head's key.
    package static let part = "pratique-part-of"
    package static let count = "pratique-parts"
    package static let bytes = "pratique-parts-bytes"
    package static let sha256 = "pratique-parts-sha256"
    package static let from = "pratique-parts-from"
    package static let ofHead: Set<String> = [count, bytes, sha256, from]
}

extension PartsHead {
    package var headers: [Header] {
        [
            Header(PartsHeader.count, String(count)), Header(PartsHeader.bytes, String(bytes)),
            Header(PartsHeader.sha256, sha256), Header(PartsHeader.from, String(from)),
        ]
    }

    /// The head that these headers name, nil when they name none.
    /// - Throws: `PartsError.badHead` when they name one that makes no sense.
    public init?(_ headers: [Header]) throws(PartsError) {
        func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        guard let countText = value(PartsHeader.count) else { return nil }
        guard let count = Int(countText), let bytes = value(PartsHeader.bytes).flatMap({ Int($0) }),
            let from = value(PartsHeader.from).flatMap({ Int64($0) }), let sha256 = value(PartsHeader.sha256)
        else { throw .badHead(reason: "a header is missing or no number") }
        guard (1...Self.bytesMax).contains(bytes), (1...bytes).contains(count), from >= 0 else {
            throw .badHead(reason: "count, size or position is out of range")
        }
        guard sha256.utf8.count == 64, sha256.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw .badHead(reason: "the sha256 is not 64 hexadecimal digits") }
        self.init(count: count, bytes: bytes, sha256: sha256, from: from)
    }
}

/// Why a value in parts could not be read or written.
public enum PartsError: Error, Sendable, Equatable {
    case badHead(reason: String)
    case missingParts(key: String, found: Int, of: Int)
    case mismatch(key: String, reason: String)
    case tooLarge(key: String, bytes: Int)

    public var isTransient: Bool { false }
}

extension Record {
    /// Whether it is a piece of a larger value (or the tombstone of one): readers leave those out.
    public var isPart: Bool { headers.contains { $0.name == PartsHeader.part } }
}
