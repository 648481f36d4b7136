import EventLogPort
import Foundation

/// A record that was checked and encoded, ready for the writer.
struct PreparedRecord: Sendable {
    let slot: Int64
    let partition: TopicPartition
    let isState: Bool
    let key: String
    let value: Data?
    let headers: [UInt8]

    /// - Throws: `EventLogError`.
    init(_ draft: RecordDraft, topic: TopicEntry) throws(EventLogError) {
        guard draft.key.utf8.count <= SQLiteEventLog.keyBytesMax else {
            throw .keyTooLong(topic: draft.topic, bytes: draft.key.utf8.count)
        }
        let headers = HeaderCoding.encode(draft.headers)
        let bytes = draft.value?.count ?? 0
        guard bytes <= SQLiteEventLog.valueBytesMax, headers.count <= SQLiteEventLog.headersBytesMax else {
            throw .valueTooLarge(topic: draft.topic, key: draft.key, bytes: bytes + headers.count)
        }
        let number = draft.partition ?? Partitioner.partition(of: draft.key, among: topic.slots.count)
        guard topic.slots.indices.contains(number) else {
            throw .badName(
                kind: "partition", text: String(number), reason: "\(draft.topic) has \(topic.slots.count) partitions")
        }
        slot = topic.slots[number]
        partition = topic.topicPartition(number)
        isState = topic.isState
        key = draft.key
        value = draft.value
        self.headers = headers
    }

    var bytes: Int { (value?.count ?? 0) + headers.count + key.utf8.count }
}
