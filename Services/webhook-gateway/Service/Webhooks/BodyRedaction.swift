import Foundation

/// Takes secrets out of URLs in a webhook's body before it is stored: user information, and query parameters whose
/// names
/// say that they are secrets. Everything else stays byte by byte.
///
/// Works on bytes, in one pass: the body may be of any form. JSON may write `/` as `\/` and `&` as `\u0026`.
enum BodyRedaction {
    static let replacement = Array("redacted".utf8)
    static let secretNames: Set<String> = [
        "access_token", "api_key", "apikey", "auth", "authorization", "client_secret", "code", "credential", "key",
        "password", "secret", "sig", "signature", "token", "x-amz-credential", "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential", "x-goog-signature",
    ]
    private static let nameBytesMax = 32

    static func redact(_ body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(body.count)
        var index = 0
        var copied = 0
        while let start = nextAuthority(in: body, from: index) {
            index = start
            let end = body[start...].firstIndex { isURLEnd($0) } ?? body.count
            // A backslash ends the URL, but for the two escapes that stand for characters of one.
            let whole = urlEnd(body, start, end)
            out += body[copied..<start]
            redactURL(body[start..<whole], into: &out)
            copied = whole
            index = max(whole, start)
        }
        out += body[copied...]
        return out
    }

    /// The place after `://` or `:\/\/`.
    private static func nextAuthority(in body: [UInt8], from: Int) -> Int? {
        var index = from
        while index + 2 < body.count {
            guard body[index] == UInt8(ascii: ":") else {
                index += 1
                continue
            }
            if body[index + 1] == UInt8(ascii: "/"), body[index + 2] == UInt8(ascii: "/") { return index + 3 }
            if index + 4 < body.count, body[(index + 1)...(index + 4)].elementsEqual(#"\/\/"#.utf8) { return index + 5 }
            index += 1
        }
        return nil
    }

    private static func isURLEnd(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            || byte == UInt8(ascii: "\\")
    }

    private static func urlEnd(_ body: [UInt8], _ start: Int, _ first: Int) -> Int {
        var end = first
        while end < body.count, body[end] == UInt8(ascii: "\\") {
            let rest = body[(end + 1)...]
            let step = rest.starts(with: "u0026".utf8) ? 6 : rest.first == UInt8(ascii: "/") ? 2 : 0
            guard step > 0 else { break }
            end = body[(end + step)...].firstIndex { isURLEnd($0) } ?? body.count
        }
        return end
    }

    private static func redactURL(_ url: ArraySlice<UInt8>, into out: inout [UInt8]) {
        let authorityEnd =
            url.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "\\") }
            ?? url.endIndex
        var rest = url
        if let at = url[..<authorityEnd].lastIndex(of: UInt8(ascii: "@")) {
            out += replacement
            rest = url[at...]
        }
        guard let query = rest.firstIndex(of: UInt8(ascii: "?")) else {
            out += rest
            return
        }
        out += rest[...query]
        redactQuery(rest[(query + 1)...], into: &out)
    }

    private static func redactQuery(_ query: ArraySlice<UInt8>, into out: inout [UInt8]) {
        var index = query.startIndex
        while index < query.endIndex {
            let end =
                query[index...].firstIndex { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "\\") } ?? query.endIndex
            let pair = query[index..<end]
            if let equals = pair.firstIndex(of: UInt8(ascii: "=")), isSecret(pair[..<equals]) {
                out += pair[...equals]
                out += replacement
            } else {
                out += pair
            }
            let isEscape = query[end...].starts(with: #"\u0026"#.utf8)
            let separatorEnd = end < query.endIndex ? min(end + (isEscape ? 6 : 1), query.endIndex) : end
            out += query[end..<separatorEnd]
            index = separatorEnd
        }
    }

    private static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count <= nameBytesMax else { return false }
        return secretNames.contains(String(decoding: name, as: UTF8.self).lowercased())
    }
}
