/// A package URL, `pkg:type/namespace/name@version?qualifiers` (purl specification), built from its parts.
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
