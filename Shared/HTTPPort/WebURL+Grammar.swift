extension WebURL {
    /// Host and port of an authority without user information, or nil where it is not one.
    static func place(of authority: Substring, scheme: Scheme) -> Origin? {
        var host = authority
        var port = scheme.defaultPort
        if let colon = authority.lastIndex(of: ":"), authority.lastIndex(of: "]").map({ $0 < colon }) ?? true {
            let digits = authority[authority.index(after: colon)...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits), (1...65535).contains(number)
            else { return nil }
            port = number
            host = authority[..<colon]
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), let address = IPAddress(String(host.dropFirst().dropLast())), address.isIPv6
            else {
                return nil
            }
            return Origin(scheme: scheme, host: address.description, port: port)
        }
        let name = host.lowercased()
        return isHostName(name) ? Origin(scheme: scheme, host: name, port: port) : nil
    }

    /// A name of letters, digits, `-` and `_`, or dotted IPv4. A last label that is a number in any notation makes some
    /// resolvers read the whole as an address, so it must be plain dotted IPv4 then.
    private static func isHostName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard !label.isEmpty, label.utf8.count <= 63, label.utf8.first != UInt8(ascii: "-") else { return false }
            guard label.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
            else {
                return false
            }
        }
        let last = labels[labels.count - 1]
        let isNumber = last.utf8.allSatisfy { (48...57).contains($0) } || last.hasPrefix("0x")
        return !isNumber || IPAddress(name).map { !$0.isIPv6 } ?? false
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
    public static func encode(_ text: String) -> String {
        encode(text.utf8) { isAlphanumeric($0) || "-._~".utf8.contains($0) }
    }

    /// Encodes only what may not stand in a path or query at all.
    static func encodeStray(_ text: Substring) -> String {
        encode(text.utf8) { isAlphanumeric($0) || "-._~!$&'()*+,;=:@/?%".utf8.contains($0) }
    }

    private static func encode(_ bytes: some Sequence<UInt8>, keeping isKept: (UInt8) -> Bool) -> String {
        var out: [UInt8] = []
        for byte in bytes {
            if isKept(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// RFC 3986 §5.2.4.
    static func removingDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    /// For error messages: no query, no user information, no control characters, 200 characters.
    static func printable(_ text: String) -> String {
        var bare = String(text.prefix { $0 != "?" }.prefix(200))
        if let mark = bare.range(of: "://"), let at = bare[mark.upperBound...].lastIndex(of: "@") {
            bare.replaceSubrange(mark.upperBound..<at, with: "…")
        }
        return String(String.UnicodeScalarView(bare.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}

extension StringProtocol {
    /// The first place of a text, without Foundation.
    func range(of wanted: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(wanted) { return start..<index(start, offsetBy: wanted.count) }
            start = index(after: start)
        }
        return nil
    }
}
