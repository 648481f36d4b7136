public import Foundation

/// An item of `GET /dead-letters`, the newest first: a record that could not be handled. Its bytes stay in the log.
public struct DeadLetterSummary: Codable, Sendable, Hashable {
    public var position: Int64
    public var key: String
    /// The group and why, as a class: the same for all letters that one remedy helps.
    public var cause: String
    public var reason: String
    /// `topic/partition@position`.
    public var origin: String
    /// The group that could not handle it.
    public var group: String
    public var bytes: Int
    public var at: Date
    /// When it was put back last; nil for one that is open.
    public var replayedAt: Date?

    public init(
        position: Int64, key: String, cause: String, reason: String, origin: String, group: String, bytes: Int,
        at: Date, replayedAt: Date? = nil
    ) {
        self.position = position
        self.key = key
        self.cause = cause
        self.reason = reason
        self.origin = origin
        self.group = group
        self.bytes = bytes
        self.at = at
        self.replayedAt = replayedAt
    }
}

/// An item of `GET /dead-letters/causes`: open letters of one cause.
public struct DeadLetterGroup: Codable, Sendable, Hashable {
    public var cause: String
    public var letters: Int
    public var firstAt: Date
    public var newest: DeadLetterSummary

    public init(cause: String, letters: Int, firstAt: Date, newest: DeadLetterSummary) {
        self.cause = cause
        self.letters = letters
        self.firstAt = firstAt
        self.newest = newest
    }
}

/// `POST /dead-letters/replay`: which letters are put back, by their positions or all open ones of a cause, the oldest
/// first. Answer: `ReplayAnswer`.
public struct ReplayRequest: Codable, Sendable, Hashable {
    public var positions: [Int64]?
    public var cause: String?
    /// Also those that were put back before.
    public var again: Bool?

    public init(positions: [Int64]? = nil, cause: String? = nil, again: Bool? = nil) {
        self.positions = positions
        self.cause = cause
        self.again = again
    }
}

public struct ReplayAnswer: Codable, Sendable, Hashable {
    public struct Passed: Codable, Sendable, Hashable {
        public var position: Int64
        public var why: String
        public init(position: Int64, why: String) {
            self.position = position
            self.why = why
        }
    }

    /// Positions of the letters that were put back.
    public var replayed: [Int64]
    public var passed: [Passed]
    /// Open letters of the cause that are left for another command.
    public var left: Int

    public init(replayed: [Int64] = [], passed: [Passed] = [], left: Int = 0) {
        self.replayed = replayed
        self.passed = passed
        self.left = left
    }
}

/// An item of `GET /alarms`: something that does not work by itself.
public struct AlarmSummary: Codable, Sendable, Hashable {
    public var kind: String
    public var subject: String
    public var message: String
    public var since: Date

    public init(kind: String, subject: String, message: String, since: Date) {
        self.kind = kind
        self.subject = subject
        self.message = message
        self.since = since
    }
}
