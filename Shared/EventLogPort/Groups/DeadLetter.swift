package import Foundation

/// A record that could not be handled, as it lies in the topic of dead letters: the original key, bytes and headers,
/// and headers that say where it came from and why it was set aside.
public enum DeadLetter {
    static let headerPrefix = "pratique-dead-letter-"
    public static let reason = "pratique-dead-letter-reason"
    public static let cause = "pratique-dead-letter-cause"
    /// Of a newer schema: the type and version that a program must know, such as `pratique.change 2`.
    public static let needs = "pratique-dead-letter-needs"
    public static let origin = "pratique-dead-letter-origin"
    public static let group = "pratique-dead-letter-group"
    public static let attempts = "pratique-dead-letter-attempts"
    public static let at = "pratique-dead-letter-at"
    /// On a record that was put back: the letter that it was.
    public static let replayOf = "pratique-replay-of"
    /// Longer reasons are cut.
    public static let reasonCharactersMax = 2_000

    package static func draft(
        for record: WholeRecord, topic: TopicName, group name: GroupName, cause why: DeadLetterCause,
        reason text: String, attempts count: Int, at date: Date
    ) -> RecordDraft {
        var headers = record.headers.filter {
            !PartsHeader.ofHead.contains($0.name) && !$0.name.hasPrefix(headerPrefix)
        }
        headers += [
            Header(reason, String(text.prefix(reasonCharactersMax))), Header(cause, why.text),
            Header(origin, record.id.description), Header(group, name.rawValue), Header(attempts, String(count)),
            Header(at, date.formatted(.iso8601)),
        ]
        if case .newerSchema(let needed) = why { headers.append(Header(needs, needed)) }
        return RecordDraft(topic: topic, key: record.key, value: record.value, headers: headers)
    }

    /// The record that became this letter, for the topic that it came from.
    /// - Returns: nil for what is no letter.
    package static func original(of letter: WholeRecord) -> RecordDraft? {
        guard let place = letter.header(origin), let topic = try? TopicName(String(place.prefix { $0 != "/" })) else {
            return nil
        }
        let headers = letter.headers.filter {
            !PartsHeader.ofHead.contains($0.name) && !$0.name.hasPrefix(headerPrefix) && $0.name != replayOf
                && $0.name != TermFence.header
        }
        return RecordDraft(
            topic: topic, key: letter.key, value: letter.value,
            headers: headers + [Header(replayOf, letter.id.description)])
    }
}

/// Why a record was set aside, as a class: letters of one group and class are of one cause.
public enum DeadLetterCause: Sendable, Equatable {
    /// A schema is newer than the program knows; it is put back when one that does runs.
    /// - Parameter needs: the type and the version, such as `pratique.change 2`.
    case newerSchema(needs: String)
    /// It is not what it says it is.
    case unreadable
    /// Its parts are missing or do not match.
    case brokenParts
    /// It can be read, and asks for what cannot be done.
    case refused
    /// Its handler failed at every attempt.
    case gaveUp

    public var text: String {
        switch self {
        case .newerSchema: Self.newerSchemaText
        case .unreadable: "unreadable"
        case .brokenParts: "broken-parts"
        case .refused: "refused"
        case .gaveUp: "gave-up"
        }
    }

    public static let newerSchemaText = "newer-schema"
}
