/// Text that a type of this module cannot hold: what was wrong, and where.
///
/// Models are values without I/O. A type that wraps text checks it once, in `init`, so what holds a `Digest` or a
/// `RepositoryName` holds a good one.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being read, such as `digest`.
    public let what: String
    /// The text, cut to 200 characters.
    public let text: String
    /// The offset in UTF-8 bytes of the first bad place, where one can be named.
    public let offset: Int?
    public let reason: String

    public init(_ what: String, in text: String, at offset: Int? = nil, _ reason: String) {
        self.what = what
        self.text = String(text.prefix(200))
        self.offset = offset
        self.reason = reason
    }

    public var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return "bad \(what) “\(text)”\(place): \(reason)"
    }
}

/// A type that is one checked piece of text, and is stored as that text.
public protocol TextValue: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    var text: String { get }
    /// - Throws: `ParseError` that says what was wrong and where.
    init(_ text: String) throws(ParseError)
}

extension TextValue {
    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { try self.init(text) } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description, underlyingError: error))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
