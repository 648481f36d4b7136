public import Foundation

/// A record to append. Without a `partition` its key decides; a nil value is a tombstone.
public struct RecordDraft: Sendable, Equatable {
    public var topic: TopicName
    public var partition: Int?
    public var key: String
    public var value: Data?
    public var headers: [Header]

    public init(topic: TopicName, key: String, value: Data?, headers: [Header] = [], partition: Int? = nil) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// A record as the log holds it.
public struct Record: Sendable, Equatable {
    public let id: RecordID
    public let key: String
    public let value: Data?
    public let headers: [Header]
    /// When the log took it, by the log's clock.
    public let appendedAt: Date

    public init(id: RecordID, key: String, value: Data?, headers: [Header], appendedAt: Date) {
        self.id = id
        self.key = key
        self.value = value
        self.headers = headers
        self.appendedAt = appendedAt
    }

    public var topic: TopicName { id.topic }
    public var position: Int64 { id.position }
    public var isTombstone: Bool { value == nil }

    /// The first header of that name.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Where a record is: unique in its log.
public struct RecordID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let topic: TopicName
    public let partition: Int
    public let position: Int64

    public init(topic: TopicName, partition: Int, position: Int64) {
        self.topic = topic
        self.partition = partition
        self.position = position
    }

    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
    public var description: String { "\(topic)/\(partition)@\(position)" }
}

public struct TopicPartition: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    public let topic: TopicName
    public let partition: Int

    public init(topic: TopicName, partition: Int) {
        self.topic = topic
        self.partition = partition
    }

    public var description: String { "\(topic)/\(partition)" }
    public static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

/// A record's header. Names of CloudEvents' Kafka binding start with `ce_`; Pratique's own with `pratique-`.
public struct Header: Hashable, Sendable, Codable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
