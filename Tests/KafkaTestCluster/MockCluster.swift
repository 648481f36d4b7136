import CRdkafkaMock
public import EventLogKafka
import EventLogPort
import Foundation
import Synchronization

/// librdkafka's test cluster: real brokers as far as clients can tell, on loopback ports, in this process. Other
/// processes can connect, too.
///
/// **Limits**: a partition keeps 5 MiB or 100,000 records; no administration (`admin` stands in for it), no compaction,
/// no transactions; a fetch that finds nothing answers after its whole wait.
public final class MockCluster: @unchecked Sendable {
    public let brokers: String
    private let raw: OpaquePointer
    private let count: Int
    private let topics = Mutex<[TopicName: Topic]>([:])

    /// - Throws: `MockClusterError`.
    public init(brokers count: Int = 1) throws {
        var text = [CChar](repeating: 0, count: 256)
        guard let raw = crd_mock_new(Int32(count), &text, text.count) else {
            throw MockClusterError(what: "no cluster: \(String(decoding: text.map(UInt8.init), as: UTF8.self))")
        }
        self.raw = raw
        self.count = count
        brokers = crd_mock_brokers(raw).map { String(cString: $0) } ?? ""
    }

    deinit { crd_mock_destroy(raw) }

    /// For clients of this cluster: fetches wait shortly, since this cluster answers none before its time is over.
    public var configuration: KafkaConfiguration {
        KafkaConfiguration(brokers: brokers, properties: ["fetch.wait.max.ms": "10", "log_level": "4"])
    }

    public var admin: any TopicAdmin { MockTopicAdmin(cluster: self) }

    /// Disconnects every client and refuses new ones, or ends that.
    public func set(up isUp: Bool) {
        for broker in 1...count { crd_mock_set_up(raw, Int32(broker), isUp ? 1 : 0) }
    }

    /// Deletes topics of real brokers, and waits until they are gone. Blocks.
    public static func deleteTopics(_ names: [String], of brokers: String) throws {
        for name in names {
            let code = crd_delete_topic(brokers, name)
            if code != 0 { throw MockClusterError(what: "the topic \(name) is not deleted: code \(code)") }
        }
    }

    /// Deletes all groups of real brokers: some keep a group's positions in a topic that was deleted. Blocks.
    public static func deleteGroups(of brokers: String) throws {
        let code = crd_delete_groups(brokers)
        if code != 0 { throw MockClusterError(what: "the groups are not deleted: code \(code)") }
    }

    fileprivate func find(_ names: [TopicName]) -> [TopicName: FoundTopic] {
        topics.withLock { topics in
            var found: [TopicName: FoundTopic] = [:]
            for name in names {
                guard let topic = topics[name] else { continue }
                found[name] = FoundTopic(
                    partitions: topic.partitions,
                    settings: Dictionary(topic.kafkaSettings, uniquingKeysWith: { first, _ in first }))
            }
            return found
        }
    }

    fileprivate func create(_ declared: [Topic]) throws {
        try topics.withLock { topics in
            for topic in declared where topics[topic.name] == nil {
                let code = crd_mock_create_topic(
                    raw, topic.name.rawValue, Int32(topic.partitions), Int32(min(count, 3)))
                guard code == 0 else { throw MockClusterError(what: "the topic \(topic.name): code \(code)") }
                topics[topic.name] = topic
            }
        }
    }
}

public struct MockClusterError: Error { let what: String }

/// What the cluster lacks: it remembers how topics were made.
private struct MockTopicAdmin: TopicAdmin {
    let cluster: MockCluster

    func find(_ names: [TopicName]) async throws -> [TopicName: FoundTopic] { cluster.find(names) }
    func create(_ topics: [Topic]) async throws { try cluster.create(topics) }
}
