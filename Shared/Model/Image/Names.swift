/// A repository's name below its registry: components split by `/`, at most 255 characters.
public struct RepositoryName: TextValue {
    public let text: String

    public init(_ text: String) throws(ParseError) {
        guard text.utf8.count <= 255 else {
            throw ParseError("repository name", in: text, at: 255, "is longer than 255 characters")
        }
        var offset = 0
        for component in text.split(separator: "/", omittingEmptySubsequences: false) {
            if let error = Grammar.componentError(component) {
                throw ParseError("repository name", in: text, at: offset + error.offset, error.reason)
            }
            offset += component.utf8.count + 1
        }
        self.text = text
    }
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
public struct TagName: TextValue {
    public let text: String

    public init(_ text: String) throws(ParseError) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { throw ParseError("tag", in: text, "is empty") }
        guard bytes.count <= 128 else { throw ParseError("tag", in: text, at: 128, "is longer than 128 characters") }
        guard Grammar.isWord(first) else {
            throw ParseError("tag", in: text, at: 0, "starts with a letter, a digit or _")
        }
        let bad = bytes.enumerated().first { byte in
            !Grammar.isWord(byte.element) && byte.element != UInt8(ascii: ".") && byte.element != UInt8(ascii: "-")
        }
        if let bad { throw ParseError("tag", in: text, at: bad.offset, "holds only letters, digits and . _ -") }
        self.text = text
    }

    public static let latest = TagName(unchecked: "latest")
    private init(unchecked text: String) { self.text = text }
}

/// A host with an optional port: `registry.example.com`, `localhost:5000`, `[::1]:5000`.
public struct RegistryHost: TextValue {
    public let text: String

    public init(_ text: String) throws(ParseError) {
        guard !text.isEmpty, text.utf8.count <= 261 else {
            throw ParseError("registry host", in: text, text.isEmpty ? "is empty" : "is longer than 261 characters")
        }
        let (host, port, portOffset) = Self.parts(of: text)
        if let port {
            guard let number = UInt16(port), number > 0, port.utf8.allSatisfy(Grammar.isDigit) else {
                throw ParseError("registry host", in: text, at: portOffset, "the port is a number from 1 to 65535")
            }
        }
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            let good =
                host.hasSuffix("]") && inner.contains(":")
                && inner.utf8.allSatisfy {
                    Grammar.isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                }
            guard good else { throw ParseError("registry host", in: text, at: 0, "is not an IPv6 address in brackets") }
        } else {
            var offset = 0
            for label in host.split(separator: ".", omittingEmptySubsequences: false) {
                let bytes = Array(label.utf8)
                guard !bytes.isEmpty, bytes.count <= 63 else {
                    throw ParseError("registry host", in: text, at: offset, "a label has 1 to 63 characters")
                }
                let legal = bytes.allSatisfy {
                    (Grammar.isWord($0) && $0 != UInt8(ascii: "_")) || $0 == UInt8(ascii: "-")
                }
                guard legal, bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
                    throw ParseError("registry host", in: text, at: offset, "a label holds letters, digits and inner -")
                }
                offset += bytes.count + 1
            }
        }
        self.text = text.lowercased()
    }

    public static let dockerHub = RegistryHost(unchecked: "docker.io")
    private init(unchecked text: String) { self.text = text }

    /// The host without its port; an IPv6 address without its brackets.
    public var host: String {
        let host = Self.parts(of: text).host
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }
    public var port: Int? { Self.parts(of: text).port.flatMap { Int($0) } }

    private static func parts(of text: String) -> (host: Substring, port: Substring?, portOffset: Int) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let host = text[...end]
            let rest = text[text.index(after: end)...]
            guard rest.hasPrefix(":") else { return rest.isEmpty ? (host, nil, 0) : (text[...], nil, 0) }
            return (host, rest.dropFirst(), host.utf8.count + 1)
        }
        guard let colon = text.lastIndex(of: ":") else { return (text[...], nil, 0) }
        return (text[..<colon], text[text.index(after: colon)...], text[..<colon].utf8.count + 1)
    }
}
