import CRdkafka
import EventLogPort
import Storage

/// Asks the brokers where partitions begin and end.
struct KafkaOffsets {
    private static let earliest: Int64 = -2
    private static let latest: Int64 = -1

    /// While brokers are away each question waits: on threads that nothing else waits for.
    private static let threads = OwnThreads(name: "kafka-questions", threadsMax: 8)

    private let handle: KafkaHandle

    init(_ handle: KafkaHandle) { self.handle = handle }

    /// For each partition its first record's place and the place after the last one's: all in two requests.
    func ranges(of topic: TopicName, partitions: Int) async throws -> [(low: Int64, high: Int64)] {
        let handle = handle
        return try await Self.threads.run {
            let low = try Self.askTwice(handle, topic, 0..<partitions, Self.earliest)
            let high = try Self.askTwice(handle, topic, 0..<partitions, Self.latest)
            return zip(low, high).map { ($0, $1) }
        }
    }

    func range(of topic: TopicName, partition: Int) async throws -> (low: Int64, high: Int64) {
        let handle = handle
        return try await Self.threads.run {
            let one = partition..<partition + 1
            return (
                try Self.askTwice(handle, topic, one, Self.earliest)[0],
                try Self.askTwice(handle, topic, one, Self.latest)[0]
            )
        }
    }

    /// The client may hold a leader that is none any more: what it knows is refreshed before the second time.
    private static func askTwice(
        _ handle: KafkaHandle, _ topic: TopicName, _ partitions: Range<Int>, _ when: Int64
    ) throws -> [Int64] {
        do { return try ask(handle, topic, partitions, when) } catch {
            _ = try KafkaMetadata.partitions(handle)
            do { return try ask(handle, topic, partitions, when) } catch EventLogError.unknownTopic {
                // It was there: a partition without a leader, or a broker that has not heard of it, looks like this.
                throw EventLogError.unavailable(reason: "\(topic) has no leader at the moment")
            }
        }
    }

    private static func ask(
        _ handle: KafkaHandle, _ topic: TopicName, _ partitions: Range<Int>, _ when: Int64
    ) throws -> [Int64] {
        let list = PartitionList()
        for partition in partitions { list.add(topic, partition, offset: when) }
        return try list.withRaw { list in
            let code = rd_kafka_offsets_for_times(handle.raw, list, Int32(KafkaConfiguration.callSeconds * 1000))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw handle.failure(code, topic: topic) }
            return try list.pointee.entries.map { entry in
                guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw handle.failure(entry.err, topic: topic) }
                return entry.offset
            }
        }
    }
}
