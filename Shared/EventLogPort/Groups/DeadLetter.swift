package import Foundation

/// A record that could not be handled, as it lies in the topic of dead letters: the original key, bytes and headers,
/// and headers that say where it came from and why it was set aside.
public enum DeadLetter {
    public static let reason = "pratique-dead-letter-reason"
    public static let origin = "pratique-dead-letter-origin"
    public static let group = "pratique-dead-letter-group"
    public static let attempts = "pratique-dead-letter-attempts"
    public static let at = "pratique-dead-letter-at"
    /// Longer reasons are cut.
    public static let reasonCharactersMax = 2_000

    package static func draft(
        for record: WholeRecord, topic: TopicName, group name: GroupName, reason text: String, attempts count: Int,
        at date: Date
    ) -> RecordDraft {
        let headers = record.headers.filter { !PartsHeader.ofHead.contains($0.name) }
        return RecordDraft(
            topic: topic, key: record.key, value: record.value,
            headers: headers + [
                Header(reason, String(text.prefix(reasonCharactersMax))), Header(origin, record.id.description),
                Header(group, name.rawValue), Header(attempts, String(count)),
                Header(at, date.formatted(.iso8601)),
            ])
    }
}
