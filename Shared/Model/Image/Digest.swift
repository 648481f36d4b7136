/// A content digest, `sha256:<64 lower-case hex>` or `sha512:<128>` (OCI image specification, descriptor §Digests).
///
/// Nothing else is a digest here: text is checked before it can reach a URL, a path or a key (CVE-2024-3727).
public struct Digest: TextValue {
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha512
        public var hexLength: Int { self == .sha256 ? 64 : 128 }
    }

    public let text: String

    public init(_ text: String) throws(ParseError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw ParseError("digest", in: text, "wants algorithm:hex")
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw ParseError("digest", in: text, at: 0, "the algorithm is sha256 or sha512")
        }
        let hex = text[text.utf8.index(after: colon)...].utf8
        let start = algorithm.rawValue.utf8.count + 1
        guard hex.count == algorithm.hexLength else {
            throw ParseError(
                "digest", in: text, at: start, "\(algorithm) has \(algorithm.hexLength) hex digits, not \(hex.count)")
        }
        if let bad = hex.enumerated().first(where: { !Grammar.isLowerHex($0.element) }) {
            throw ParseError("digest", in: text, at: start + bad.offset, "wants lower-case hex")
        }
        self.text = text
    }

    /// From the raw bytes of a SHA-256.
    public init(sha256 bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        precondition(bytes.count == 32, "a SHA-256 has 32 bytes")
        text = "sha256:" + String(hex: bytes)
    }

    public var algorithm: Algorithm { text.hasPrefix("sha256:") ? .sha256 : .sha512 }
    public var hex: String { String(text.dropFirst(7)) }
    /// The first 12 hex digits, for people.
    public var short: String { String(hex.prefix(12)) }
}
