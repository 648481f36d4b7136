import CRdkafka
import EventLogPort

/// What the cluster says of itself. Blocks: not for the cooperative pool.
enum KafkaMetadata {
    private static let milliseconds = Int32(KafkaConfiguration.callSeconds * 1000)

    /// Every topic with its number of partitions. All of them are asked for, since asking for one may make it: brokers
    /// that create topics by themselves do so, and older ones whatever the client says.
    static func partitions(_ handle: KafkaHandle) throws -> [String: Int] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle.raw, 1, nil, &metadata, milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw handle.failure(code) }
        defer { rd_kafka_metadata_destroy(metadata) }
        let topics = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
        return Dictionary(
            topics.filter { $0.err == RD_KAFKA_RESP_ERR_NO_ERROR && $0.partition_cnt > 0 }
                .map { (String(cString: $0.topic), Int($0.partition_cnt)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The cluster's id.
    static func cluster(_ handle: KafkaHandle) throws -> String {
        guard let text = rd_kafka_clusterid(handle.raw, milliseconds) else {
            let trouble = handle.trouble.isEmpty ? "" : ": \(handle.trouble)"
            throw EventLogError.unavailable(reason: "the cluster does not say its id\(trouble)")
        }
        defer { rd_kafka_mem_free(handle.raw, text) }
        return String(cString: text)
    }
}
