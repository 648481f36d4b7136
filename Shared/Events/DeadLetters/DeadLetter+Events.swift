public import EventLogPort
public import Foundation
import Model

extension EventError {
    /// The class of its dead letter.
    public var deadLetterCause: DeadLetterCause {
        switch self {
        case .newerSchema(let type, let found, _): .newerSchema(needs: "\(type) \(found)")
        case .wrongType, .unreadable: .unreadable
        case .tooLarge: .refused
        }
    }

    /// What becomes of a record that cannot be read: the same bytes would fail again.
    public var disposition: Disposition { .deadLetter(cause: deadLetterCause, reason: description) }
}

extension DeadLetter {
    /// The letter of a record that an active instance could not read, or refuses.
    public static func draft(
        for record: Record, because error: any Error, group: GroupName, at date: Date
    ) -> RecordDraft {
        draft(
            for: WholeRecord(record), topic: Topics.deadLetters.name, group: group, cause: cause(of: error, record),
            reason: "\(error)", attempts: 1, at: date)
    }

    private static func cause(of error: any Error, _ record: Record) -> DeadLetterCause {
        if let error = error as? EventError, case .newerSchema = error { return error.deadLetterCause }
        // A session hands the head of broken parts out without a value.
        if record.value?.isEmpty == true, record.header(PartsHeader.count) != nil { return .brokenParts }
        return (error as? EventError)?.deadLetterCause ?? .refused
    }
}

/// In the topic `dead-letters`, beside the letters: one of them was put back. Key: the letter's.
public struct ReplayRecord: EventPayload, Hashable {
    public static let eventType = "pratique.replay"

    /// The letter's position in the topic.
    public var letter: Int64
    public var actor: String
    public var at: Date

    public init(letter: Int64, actor: String, at: Date) {
        self.letter = letter
        self.actor = actor
        self.at = at
    }
}

/// What puts a dead letter back: the original bytes for the original topic, and the record that says so.
public struct LetterReplay: Sendable {
    /// In this order: a crash in between leaves a letter that is open, and handlers are idempotent by content.
    public let drafts: [RecordDraft]

    /// - Returns: nil for what is no letter, has no bytes, or does not come from a topic of work.
    public init?(of letter: WholeRecord, by actor: String, source: String, at now: Date) throws {
        guard letter.value?.isEmpty == false, let original = DeadLetter.original(of: letter),
            Topics.isWork(original.topic)
        else { return nil }
        let now = now.milliseconds
        let mark = ReplayRecord(letter: letter.id.position, actor: actor, at: now)
        let context = EventContext(id: "\(letter.id)/replayed/\(now.rfc3339)", source: source, time: now)
        drafts = [original, try RecordDraft(Topics.deadLetters, key: letter.key, mark, context)]
    }
}

extension Record {
    /// Whether it lies in the topic of dead letters as a letter, and not as what is said of one.
    public var isDeadLetter: Bool { header(DeadLetter.origin) != nil && !isPart }
}
