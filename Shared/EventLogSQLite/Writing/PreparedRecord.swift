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

    static let keyBytesMax = 1024
    static let headersBytesMax = 64 * 1024

    /// - Throws: `EventLogError`.
    init(_ draft: RecordDraft, topic: TopicEntry, valueBytesMax: Int) throws(EventLogError) {
        guard draft.key.utf8.count <= Self.keyBytesMax else {
            throw .keyTooLong(topic: draft.topic, bytes: draft.key.utf8.count)
        }
        let headers = HeaderCoding.encode(draft.headers)
        let bytes = draft.value?.count ?? 0
        guard bytes <= valueBytesMax, headers.count <= Self.headersBytesMax else {
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
