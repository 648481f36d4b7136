/// The log that the services speak through: topics of records, appended durably, read whole or shared out in groups.
///
/// **Promises**, the same for every adapter and held by one contract suite (`EventLogContract`):
/// * `append` returns when every record of the call is durable. It is not atomic: after an error any of them may have
///   landed.
/// * Records with the same key land in the same partition, in the order of their appends.
/// * Delivery is at least once. Positions grow within a partition and may have gaps.
/// * A topic of kind `state` keeps at least the newest record of each key; one of kind `journal` or `work` keeps each
///   record for its named time.
///
/// **Limits**: a key has at most 1,024 bytes, a value at most `valueBytesMax`; larger values go through `WholeWriter`.
public protocol EventLog: Sendable {
    /// Names this log; views built from another one are rebuilt.
    var identity: LogIdentity { get async throws }

    /// Creates what is missing and checks what exists.
    /// - Throws: `EventLogError.topicMismatch` when an existing topic has another kind or number of partitions.
    func declare(_ topics: [Topic]) async throws

    /// Appends records and returns their places, in the order given, once all are durable.
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID]

    /// Reads partitions of a topic from the positions given (exclusive lower bounds; a partition not named is read from
    /// its start). The reader follows the topic until it is closed.
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader

    /// The position of the newest record that is still there, for each partition (-1 when there is none), as of now.
    /// Names every partition of the topic.
    func end(of topic: TopicName) async throws -> [Int: Int64]

    /// Joins a group of competing consumers.
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember

    /// Ends background work. Readers and members end first.
    func close() async
}

extension EventLog {
    /// The largest value of one record: under the default limit of every broker.
    public static var valueBytesMax: Int { 900 * 1024 }
    public static var keyBytesMax: Int { 1024 }
    /// Names and values of a record's headers together.
    public static var headersBytesMax: Int { 64 * 1024 }
}

/// Reads one topic, batch by batch, in order per partition.
public protocol EventReader: Sendable {
    /// The next records (at least one), or nil once the reader was closed. Suspends at the end of the topic.
    /// A cancelled task gets a `CancellationError`; the reader stays usable.
    func next() async throws -> [Record]?
    func close() async
}

/// One member of a group: is handed records of the partitions it owns.
///
/// Up to 64 unacknowledged records a partition are handed out. The group's position is the lowest unfinished record, so
/// records may be acknowledged in any order. A revocation stops acknowledgements, not running work.
public protocol GroupMember: Sendable {
    /// The next step, or nil after `leave`. Suspends while there is nothing. A cancelled task gets a
    /// `CancellationError`; the member stays joined, and steps that it was not given wait for the next call.
    func next() async throws -> GroupStep?

    /// Finishes a record. One of a partition that was revoked is ignored: its new owner gets it again.
    func acknowledge(_ record: RecordID) async throws

    /// Gives the partitions back. The group's positions are durable when it returns.
    func leave() async
}

/// What a member of a group is told, in this order for a partition: assigned, records, revoked.
public enum GroupStep: Sendable, Equatable {
    case assigned(Set<TopicPartition>)
    case records([Record])
    case revoked(Set<TopicPartition>)
}

/// Errors of the log. `isTransient` tells whether the same call may succeed later.
public enum EventLogError: Error, Sendable, Equatable, CustomStringConvertible {
    case badName(kind: String, text: String, reason: String)
    case unknownTopic(TopicName)
    case topicMismatch(TopicName, declared: String, found: String)
    case valueTooLarge(topic: TopicName, key: String, bytes: Int)
    case keyTooLong(topic: TopicName, bytes: Int)
    case groupHeldElsewhere(GroupName, holder: String)
    case unavailable(reason: String)
    /// A position was asked for that the topic does not have yet: it was deleted and made anew.
    case positionsLost(TopicName)
    case corrupt(reason: String)
    /// The log refused or failed in a way that will not pass.
    case failed(reason: String)
    case closed

    public var isTransient: Bool {
        switch self {
        case .unavailable: true
        case .badName, .unknownTopic, .topicMismatch, .valueTooLarge, .keyTooLong, .groupHeldElsewhere,
            .positionsLost, .corrupt, .failed, .closed:
            false
        }
    }

    public var description: String {
        switch self {
        case .badName(let kind, let text, let reason): "“\(text)” is no \(kind): \(reason)"
        case .unknownTopic(let topic): "the log has no topic \(topic)"
        case .topicMismatch(let topic, let declared, let found):
            "the topic \(topic) is not as declared: declared \(declared), found \(found)"
        case .valueTooLarge(let topic, let key, let bytes):
            "a value of \(bytes) bytes\(key.isEmpty ? "" : " of \(key.prefix(100))") is too large for \(topic)"
        case .keyTooLong(let topic, let bytes): "a key of \(bytes) bytes is too long for \(topic)"
        case .groupHeldElsewhere(let group, let holder): "the group \(group) is held by \(holder)"
        case .unavailable(let reason): "the log cannot be reached at the moment: \(reason)"
        case .positionsLost(let topic): "the topic \(topic) was deleted and made anew"
        case .corrupt(let reason): "the log is damaged: \(reason)"
        case .failed(let reason): "the log failed: \(reason)"
        case .closed: "the log is closed"
        }
    }
}
