/// A package URL, `pkg:type/namespace/name@version?qualifiers#subpath` (purl specification), of which the subpath is
/// not kept.
public struct PackageURL: Hashable, Sendable, CustomStringConvertible {
    public var type: String
    public var namespace: String?
    public var name: String
    public var version: String?
    public var qualifiers: [String: String]

    public init(
        type: String, namespace: String? = nil, name: String, version: String? = nil, qualifiers: [String: String] = [:]
    ) {
        self.type = type
        self.namespace = namespace
        self.name = name
        self.version = version
        self.qualifiers = qualifiers
    }

    /// Reads one that others wrote: from the right to the left, as the specification has it.
    ///
    /// - Throws: `ParseError` if it has no type or no name, or an escape is broken.
    public init(_ text: String) throws(ParseError) {
        func failure(_ reason: String) -> ParseError { ParseError("package URL", in: text, reason) }
        func decoded(_ part: some StringProtocol) throws(ParseError) -> String {
            guard let plain = Self.decode(part.utf8) else { throw failure("an escape is broken") }
            return plain
        }
        var rest = text.prefix { $0 != "#" }
        guard rest.prefix(4).lowercased() == "pkg:" else { throw failure("it begins with pkg:") }
        rest = rest.dropFirst(4).drop { $0 == "/" }
        qualifiers = [:]
        if let mark = rest.lastIndex(of: "?") {
            for pair in rest[rest.index(after: mark)...].split(separator: "&") {
                guard let equals = pair.firstIndex(of: "=") else { throw failure("a qualifier has no =") }
                qualifiers[pair[..<equals].lowercased()] = try decoded(pair[pair.index(after: equals)...])
            }
            rest = rest[..<mark]
        }
        guard let slash = rest.firstIndex(of: "/"), slash != rest.startIndex else { throw failure("it has no type") }
        type = rest[..<slash].lowercased()
        rest = rest[rest.index(after: slash)...]
        // Scopes of npm begin with @, which not everybody escapes.
        if let at = rest.lastIndex(of: "@"), at != rest.startIndex, rest[rest.index(before: at)] != "/" {
            version = try decoded(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        var parts: [String] = []
        for part in rest.split(separator: "/") { parts.append(try decoded(part)) }
        guard let last = parts.popLast() else { throw failure("it has no name") }
        name = last
        namespace = parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    /// - Returns: nil if an escape is broken.
    private static func decode(_ text: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy(Grammar.isHex),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    public var description: String {
        var text = "pkg:" + type
        if let namespace, !namespace.isEmpty {
            text += "/" + namespace.split(separator: "/").map { Self.encode(String($0)) }.joined(separator: "/")
        }
        text += "/" + Self.encode(name)
        if let version, !version.isEmpty { text += "@" + Self.encode(version) }
        let pairs = qualifiers.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        if !pairs.isEmpty { text += "?" + pairs.map { $0.key + "=" + Self.encode($0.value) }.joined(separator: "&") }
        return text
    }

    /// Percent-encodes all but unreserved characters and `:`, which the specification leaves as it is.
    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if Grammar.isWord(byte)
                || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "~"), UInt8(ascii: ":")].contains(byte)
            {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
