/// Tells the active instance which keys of its own output topics an older instance overwrote after the take-over.
///
/// Fed with every record of those topics in their order. What lies at or before `fences` (the ends read at the
/// take-over)
/// is the state that the instance started from. A later record of an older term is *stale*: the instance does not take
/// it
/// over but writes the key again with what it holds for it (a tombstone if it holds nothing); its own record ends that.
public struct TermFence: Sendable {
    public static let header = "pratique-term"

    public enum Judgement: Sendable, Equatable {
        case current
        /// Written by an older instance after the take-over: do not apply it, write the key again.
        case stale
        /// Written by a newer instance: this one is no longer active, whatever it was told.
        case newer
    }

    public struct Key: Hashable, Sendable {
        public let topic: TopicName
        public let key: String
        public init(topic: TopicName, key: String) {
            self.topic = topic
            self.key = key
        }
    }

    public let term: Int64
    private let fences: [TopicPartition: Int64]
    /// The keys that must be written again.
    public private(set) var overwritten: Set<Key> = []

    /// - Parameter fences: `ActiveSession.ends(of:)`, read after the take-over.
    public init(term: Int64, fences: [TopicPartition: Int64]) {
        self.term = term
        self.fences = fences
    }

    /// A record without a term counts as one of the oldest.
    public mutating func observe(_ record: WholeRecord) -> Judgement {
        observe(record.id, key: record.key, term: record.header(Self.header))
    }

    public mutating func observe(_ id: RecordID, key: String, term text: String?) -> Judgement {
        let key = Key(topic: id.topic, key: key)
        let written = text.flatMap { Int64($0) } ?? -1
        if written == term {
            overwritten.remove(key)
            return .current
        }
        if written > term { return .newer }
        guard id.position > fences[id.topicPartition] ?? -1 else { return .current }
        overwritten.insert(key)
        return .stale
    }
}
