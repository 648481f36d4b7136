import Foundation
import HTTPPort

/// An unsuccessful answer, decoded: the registry's codes and messages, capped, printable, without secrets.
///
/// Only the codes and messages of a well-formed OCI error body are kept. Any other body could be an inner server's page
/// that somebody probes for through us.
struct ErrorReport {
    static let detailCharactersMax = 300

    let head: ResponseHead
    let codes: [String]
    let detail: String

    init(_ answer: Answer, secrets: [String]) {
        head = answer.head
        let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(answer.errorBody))
        let errors = (body?.errors ?? []).prefix(5)
        codes = errors.compactMap(\.code)
        let texts = errors.map {
            [$0.code, $0.message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        }
        let text = texts.filter { !$0.isEmpty }.joined(separator: "; ")
        detail = text.isEmpty ? "status \(answer.head.status)" : Self.clean(text, secrets: secrets)
    }

    /// Maps a status (and codes) to what it means.
    func error(registry: RegistryEndpoint, subject: Subject, unixNow: Int64) -> RegistryError {
        let fault = RegistryError.Fault(registry: registry.description, subject: subject.description, detail: detail)
        let wait = head.headers["retry-after"].flatMap { RetryAfter.parse($0, unixNow: unixNow) }
        if head.status == 429 || codes.contains("TOOMANYREQUESTS") { return .rateLimited(fault, retryAfter: wait) }
        if RetryPolicy.transientStatuses.contains(head.status) {
            return .serverFault(fault, status: head.status, retryAfter: wait)
        }
        guard head.url.origin == registry.origin || subject == .token else {
            // A storage host that we were redirected to. Signed URLs run out; a new one comes with the next try.
            return .serverFault(fault, status: head.status, retryAfter: wait)
        }
        switch head.status {
        case 401: return .unauthorized(fault)
        case 403: return .forbidden(fault)
        case 404: return .notFound(fault)
        case 405, 501: return .unsupported(fault)
        case 500...: return .serverFault(fault, status: head.status, retryAfter: wait)
        default: return .badAnswer(fault)
        }
    }

    /// One printable line of at most `detailCharactersMax` characters, without secrets, tokens and URL queries.
    static func clean(_ text: String, secrets: [String]) -> String {
        var line = text
        for secret in secrets where secret.utf8.count >= 3 { line = line.replacingOccurrences(of: secret, with: "…") }
        let printable = line.unicodeScalars.map { scalar -> Character in
            let isControl =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                || scalar.properties.generalCategory == .lineSeparator
            return isControl ? " " : Character(scalar)
        }
        var words: [Substring] = []
        var hidesNext = false
        for word in String(printable).split(separator: " ", omittingEmptySubsequences: true) {
            let bare = word.lowercased()
            if hidesNext {
                words.append("…")
            } else if let mark = word.firstIndex(of: "?"), bare.contains("://") {
                words.append(word[..<mark] + "?…")
            } else {
                words.append(word)
            }
            hidesNext = !hidesNext && (bare.hasSuffix("bearer") || bare.hasSuffix("basic"))
        }
        return String(words.joined(separator: " ").prefix(detailCharactersMax))
    }
}

/// `{"errors":[{"code","message","detail"}]}`; a member of another type counts as absent.
private struct ErrorBody: Decodable {
    struct Entry: Decodable {
        var code: String?
        var message: String?

        enum CodingKeys: String, CodingKey { case code, message }
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            code = try? values.decodeIfPresent(String.self, forKey: .code)
            message = try? values.decodeIfPresent(String.self, forKey: .message)
        }
    }
    var errors: [Entry]?
}
