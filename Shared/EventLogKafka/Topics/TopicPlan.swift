public import EventLogPort

/// A topic as the brokers have it.
public struct FoundTopic: Sendable, Hashable {
    public var partitions: Int
    /// The topic's settings that say how long records are kept, by Kafka's names; nil where the brokers do not tell.
    public var settings: [String: String]?

    public init(partitions: Int, settings: [String: String]?) {
        self.partitions = partitions
        self.settings = settings
    }
}

/// What is to be done so that the brokers have the topics that are declared.
public struct TopicPlan: Sendable, Equatable {
    public struct Mismatch: Sendable, Equatable {
        public let topic: TopicName
        public let declared: String
        public let found: String

        public init(topic: TopicName, declared: String, found: String) {
            self.topic = topic
            self.declared = declared
            self.found = found
        }
    }

    public private(set) var missing: [Topic] = []
    public private(set) var mismatches: [Mismatch] = []
    public private(set) var matching: [Topic] = []

    /// Other numbers of partitions and other kinds do not match, nor does a shorter time to keep. A longer one does.
    public init(_ declared: [Topic], found: [TopicName: FoundTopic]) {
        for topic in declared {
            guard let there = found[topic.name] else {
                missing.append(topic)
                continue
            }
            if let mismatch = Self.mismatch(topic, there) {
                mismatches.append(mismatch)
            } else {
                matching.append(topic)
            }
        }
    }

    private static func mismatch(_ topic: Topic, _ found: FoundTopic) -> Mismatch? {
        func mismatch(_ declared: String, _ found: String) -> Mismatch {
            Mismatch(topic: topic.name, declared: declared, found: found)
        }
        if found.partitions != topic.partitions {
            return mismatch("partitions=\(topic.partitions)", "partitions=\(found.partitions)")
        }
        guard let settings = found.settings else { return nil }
        for (name, wanted) in topic.kafkaSettings where TopicSetting.checked.contains(name) {
            let has = settings[name] ?? ""
            if name == TopicSetting.cleanup {
                if has != wanted { return mismatch("\(name)=\(wanted)", "\(name)=\(has)") }
            } else if let has = Int64(has), has >= 0, has < Int64(wanted) ?? 0 {
                return mismatch("\(name)=\(wanted) or more", "\(name)=\(has)")
            }
        }
        return nil
    }
}

/// Settings of a topic, by Kafka's names.
enum TopicSetting {
    static let cleanup = "cleanup.policy"
    static let retention = "retention.ms"
    static let deleteRetention = "delete.retention.ms"
    static let segment = "segment.ms"

    /// What must be as declared; the rest is a matter of taste.
    static let checked = [cleanup, retention, deleteRetention]
}

extension Topic {
    private static let day: Int64 = 86_400_000

    /// With what the topic is created.
    public var kafkaSettings: [(String, String)] {
        switch kind {
        case .state:
            // Tombstones live 7 days, as long as a view may be away and still catch up. A segment that is written to is
            // not compacted, so it ends each day.
            [
                (TopicSetting.cleanup, "compact"), (TopicSetting.deleteRetention, String(7 * Self.day)),
                (TopicSetting.segment, String(Self.day)),
            ]
        case .journal(let keep), .work(let keep):
            [
                (TopicSetting.cleanup, "delete"), (TopicSetting.retention, String(keep.milliseconds)),
                (TopicSetting.segment, String(min(keep.milliseconds, Self.day))),
            ]
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
