/// A pattern in which `*` stands for any text, also none, and every other character for itself.
///
/// Matching has no recursion and takes at most pattern × text steps, so a hostile pattern cannot stall a service.
public struct GlobPattern: TextValue, ExpressibleByStringLiteral {
    public static let bytesMax = 512
    public let text: String

    public init(_ text: String) throws(ParseError) {
        guard !text.isEmpty else { throw ParseError("pattern", in: text, "is empty; * matches everything") }
        guard text.utf8.count <= Self.bytesMax else {
            throw ParseError("pattern", in: text, at: Self.bytesMax, "is longer than \(Self.bytesMax) bytes")
        }
        self.text = text
    }

    /// For patterns written in the source.
    public init(stringLiteral value: StaticString) {
        do { try self.init("\(value)") } catch { preconditionFailure("\(error)") }
    }

    public func matches(_ candidate: String) -> Bool {
        let pattern = Array(text.utf8)
        let bytes = Array(candidate.utf8)
        var at = 0
        var read = 0
        var star: (at: Int, read: Int)?
        while read < bytes.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, read)
                at += 1
            } else if at < pattern.count, pattern[at] == bytes[read] {
                at += 1
                read += 1
            } else if let last = star {
                star = (last.at, last.read + 1)
                at = last.at + 1
                read = last.read + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
