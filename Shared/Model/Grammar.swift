/// Byte classes of the reference grammars.
enum Grammar {
    static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    static func isWord(_ byte: UInt8) -> Bool {
        isLower(byte) || isUpper(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
    }
    static func isHex(_ byte: UInt8) -> Bool {
        isLowerHex(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }
    static func isLowerHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Checks one component of a repository name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (OCI distribution 1.1 §Pull).
    static func componentError(_ component: Substring) -> (offset: Int, reason: String)? {
        let bytes = Array(component.utf8)
        guard !bytes.isEmpty else { return (0, "a component is empty") }
        var index = 0
        var expectsWord = true
        while index < bytes.count {
            if isLower(bytes[index]) || isDigit(bytes[index]) {
                expectsWord = false
                index += 1
                continue
            }
            guard !expectsWord else { return (index, "a component starts with a-z or 0-9") }
            switch bytes[index] {
            case UInt8(ascii: "."): index += 1
            case UInt8(ascii: "_"): index += (index + 1 < bytes.count && bytes[index + 1] == bytes[index]) ? 2 : 1
            case UInt8(ascii: "-"): while index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
            default: return (index, "a component holds only a-z 0-9 and single separators . _ __ -")
            }
            expectsWord = true
        }
        return expectsWord ? (bytes.count - 1, "a component ends with a-z or 0-9") : nil
    }
}

/// Checks an id made of `a-z 0-9 -`, 1 to 63 characters, starting with a letter or a digit.
func checkSlug(_ text: String, _ what: String) throws(ParseError) {
    let bytes = Array(text.utf8)
    guard let first = bytes.first else { throw ParseError(what, in: text, "is empty") }
    guard bytes.count <= 63 else { throw ParseError(what, in: text, at: 63, "is longer than 63 characters") }
    guard Grammar.isLower(first) || Grammar.isDigit(first) else {
        throw ParseError(what, in: text, at: 0, "starts with a-z or 0-9")
    }
    let bad = bytes.enumerated().first { byte in
        !Grammar.isLower(byte.element) && !Grammar.isDigit(byte.element) && byte.element != UInt8(ascii: "-")
    }
    if let bad { throw ParseError(what, in: text, at: bad.offset, "holds only a-z 0-9 and -") }
}
