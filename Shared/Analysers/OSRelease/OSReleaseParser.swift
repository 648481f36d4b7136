import Model

/// The formats that name a distribution. Nil where a file says nothing usable: the next one is then asked.
enum OSReleaseParser {
    /// These files have a dozen lines.
    static let bytesMax = 64 << 10

    static func osRelease(_ text: String) -> Distribution? {
        let fields = assignments(text)
        guard let id = fields["ID"]?.lowercased(), !id.isEmpty else { return nil }
        return Distribution(
            id: id, idLike: (fields["ID_LIKE"] ?? "").split(separator: " ").map { $0.lowercased() },
            versionID: nonEmpty(fields["VERSION_ID"]), codename: nonEmpty(fields["VERSION_CODENAME"]),
            prettyName: nonEmpty(fields["PRETTY_NAME"]))
    }

    static func lsbRelease(_ text: String) -> Distribution? {
        let fields = assignments(text)
        guard let id = fields["DISTRIB_ID"]?.lowercased(), !id.isEmpty else { return nil }
        return Distribution(
            id: id, versionID: nonEmpty(fields["DISTRIB_RELEASE"]), codename: nonEmpty(fields["DISTRIB_CODENAME"]),
            prettyName: nonEmpty(fields["DISTRIB_DESCRIPTION"]))
    }

    /// `12.5`, or `trixie/sid` before a release.
    static func debianVersion(_ text: String) -> Distribution? {
        guard let line = firstLine(text) else { return nil }
        let major = line.prefix { $0.isASCII && $0.isNumber }
        if major.isEmpty {
            return Distribution(
                id: "debian", versionID: nil, codename: line.split(separator: "/").first.map(String.init))
        }
        return Distribution(id: "debian", versionID: String(major))
    }

    /// `CentOS Linux release 7.9.2009 (Core)`.
    static func redHatRelease(_ text: String) -> Distribution? {
        guard let line = firstLine(text) else { return nil }
        let words = line.split(separator: " ")
        guard let release = words.firstIndex(of: "release"), release + 1 < words.count else { return nil }
        let names = [
            "red": "rhel", "centos": "centos", "fedora": "fedora", "almalinux": "almalinux", "rocky": "rocky",
            "oracle": "ol",
        ]
        let first = words[0].lowercased()
        return Distribution(id: names[first] ?? first, versionID: String(words[release + 1]), prettyName: line)
    }

    static func firstLine(_ text: String) -> String? {
        nonEmpty(text.split(whereSeparator: \.isNewline).first.map { trim($0) })
    }

    /// `NAME=value` lines in the shell's quoting: plain, `'…'` or `"…"` with backslashes.
    static func assignments(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trim(line)
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            fields[trim(line[..<equals])] = unquoted(trim(line[line.index(after: equals)...]))
        }
        return fields
    }

    private static func unquoted(_ value: String) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'" else { return value }
        var result = ""
        var isEscaped = false
        for character in value.dropFirst() {
            if isEscaped {
                result.append(character)
                isEscaped = false
            } else if character == "\\", quote == "\"" {
                isEscaped = true
            } else if character == quote {
                break
            } else {
                result.append(character)
            }
        }
        return result
    }

    private static func trim(_ text: some StringProtocol) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    private static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
