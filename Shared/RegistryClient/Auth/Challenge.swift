/// One challenge of `WWW-Authenticate` (RFC 9110 §11.6.1): a scheme and its parameters.
///
/// Registries send several in one header or in many, unquoted values, any case. What cannot be read is skipped up to
/// the next comma; nothing here fails.
struct Challenge: Sendable, Equatable {
    static let headerBytesMax = 16 << 10
    static let challengesMax = 16

    /// Lower case.
    let scheme: String
    /// Names in lower case; the first of equal names wins.
    var parameters: [String: String] = [:]

    static func parse(_ headers: [String]) -> [Challenge] {
        var all: [Challenge] = []
        for header in headers {
            guard header.utf8.count <= headerBytesMax else { continue }
            var reader = ChallengeReader(header)
            all += reader.challenges()
        }
        return Array(all.prefix(challengesMax))
    }
}

/// Reads one header. A word followed by `=` is a parameter of the current challenge, any other word starts a challenge.
private struct ChallengeReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ header: String) { bytes = Array(header.utf8) }

    mutating func challenges() -> [Challenge] {
        var found: [Challenge] = []
        while index < bytes.count {
            skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
            let word = take { Self.isToken($0) }
            guard !word.isEmpty else {
                skip { $0 != UInt8(ascii: ",") }
                continue
            }
            let end = index
            skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            if index < bytes.count, bytes[index] == UInt8(ascii: "=") {
                index += 1
                let value = readValue()
                if !found.isEmpty {
                    found[found.count - 1].parameters.merge([word.lowercased(): value]) { old, _ in old }
                }
            } else {
                index = end
                found.append(Challenge(scheme: word.lowercased()))
            }
        }
        return found
    }

    private mutating func readValue() -> String {
        skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
            return take { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        }
        index += 1
        var out: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count { index += 1 }
            out.append(bytes[index])
            index += 1
        }
        index += 1
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while index < bytes.count, condition(bytes[index]) { index += 1 }
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = index
        skip(while: condition)
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
