import Foundation

/// What is read of librdkafka's statistics (its STATISTICS.md): the producer's queue, and how far a group is behind.
struct KafkaStatistics {
    /// Messages that wait in the producer.
    let queued: Int
    /// Records that a group has not stored yet, by topic, of the partitions that this member owns.
    let lag: [String: Int64]

    private struct Document: Decodable {
        struct Topic: Decodable {
            struct Partition: Decodable {
                let consumer_lag: Int64?
            }
            let partitions: [String: Partition]
        }
        let msg_cnt: Int?
        let topics: [String: Topic]?
    }

    /// Nil for what is not such a document.
    init?(_ json: Data) {
        guard let document = try? JSONDecoder().decode(Document.self, from: json) else { return nil }
        queued = document.msg_cnt ?? 0
        lag = (document.topics ?? [:]).mapValues { topic in
            // -1: not known, or another member's.
            topic.partitions.values.reduce(0) { $0 + max($1.consumer_lag ?? 0, 0) }
        }
    }
}
