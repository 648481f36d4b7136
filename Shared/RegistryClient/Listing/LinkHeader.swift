/// Finds the next page in `Link` headers (RFC 8288).
///
/// Quay once left out the angle brackets, ACR sends an empty parameter: the target is taken as it stands, up to `>` or
/// `;`.
enum LinkHeader {
    static let bytesMax = 16 << 10

    /// The target of the first link with `rel="next"`.
    static func next(in headers: [String]) -> String? {
        for header in headers where header.utf8.count <= bytesMax {
            for link in links(header) where link.relations.contains("next") { return link.target }
        }
        return nil
    }

    private static func links(_ header: String) -> [(target: String, relations: [String])] {
        split(header, at: ",").compactMap { part in
            let pieces = split(part, at: ";")
            guard let first = pieces.first else { return nil }
            var target = trim(first)
            if target.hasPrefix("<") { target.removeFirst() }
            if target.hasSuffix(">") { target.removeLast() }
            let relations = pieces.dropFirst().flatMap { parameter -> [String] in
                let sides = parameter.split(separator: "=", maxSplits: 1).map { trim(String($0)) }
                guard sides.count == 2, sides[0].lowercased() == "rel" else { return [] }
                return sides[1].filter { $0 != "\"" }.lowercased().split(separator: " ").map(String.init)
            }
            return target.isEmpty ? nil : (target, relations)
        }
    }

    /// Splits outside angle brackets and quotes.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts = [""]
        var isQuoted = false
        var isBracketed = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "<" where !isQuoted: isBracketed = true
            case ">" where !isQuoted: isBracketed = false
            default: break
            }
            if character == separator, !isQuoted, !isBracketed {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    private static func trim(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
