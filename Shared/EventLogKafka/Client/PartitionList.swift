import CRdkafka
import EventLogPort

/// A list of partitions with offsets, as librdkafka takes and returns them. Owned here: a list that is leaked keeps
/// `rd_kafka_destroy` from ever returning.
struct PartitionList: ~Copyable {
    private let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int = 0) { raw = rd_kafka_topic_partition_list_new(Int32(capacity)) }

    init(_ partitions: some Sequence<TopicPartition>) {
        self.init()
        for partition in partitions { add(partition.topic, partition.partition) }
    }

    borrowing func withRaw<T, E: Error>(
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(E) -> T
    ) throws(E) -> T {
        try body(raw)
    }

    deinit { rd_kafka_topic_partition_list_destroy(raw) }

    func add(_ topic: TopicName, _ partition: Int, offset: Int64? = nil) {
        let entry = rd_kafka_topic_partition_list_add(raw, topic.rawValue, Int32(partition))
        if let offset { entry?.pointee.offset = offset }
    }

    /// Topics without partitions, for a subscription.
    init(subscribing topics: [TopicName]) {
        self.init()
        for topic in topics { add(topic, -1) }
    }
}

extension rd_kafka_topic_partition_list_t {
    var entries: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeMutableBufferPointer(start: elems, count: Int(cnt))
    }

    /// Those with a legal name; others are nobody's of ours.
    var partitions: Set<TopicPartition> {
        Set(
            entries.compactMap { entry in
                guard let name = entry.topic, let topic = try? TopicName(String(cString: name)) else { return nil }
                return TopicPartition(topic: topic, partition: Int(entry.partition))
            })
    }
}
