import CRdkafka
import EventLogPort
import Foundation

extension Record {
    /// - Parameter value: a copy of the message's.
    init(_ message: UnsafePointer<rd_kafka_message_t>, of topic: TopicName, value: Data?) {
        let raw = message.pointee
        let key = raw.key.map { UnsafeRawBufferPointer(start: $0, count: raw.key_len) }
        self.init(
            id: RecordID(topic: topic, partition: Int(raw.partition), position: raw.offset),
            key: key.map { String(decoding: $0, as: UTF8.self) } ?? "",
            value: value, headers: Self.headers(message),
            appendedAt: Date(timeIntervalSince1970: Double(rd_kafka_message_timestamp(message, nil)) / 1000))
    }

    private static func headers(_ message: UnsafePointer<rd_kafka_message_t>) -> [Header] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        let count = rd_kafka_header_cnt(list)
        var headers: [Header] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var bytes = 0
            guard rd_kafka_header_get_all(list, index, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR, let name
            else { continue }
            let text = value.map { String(decoding: UnsafeRawBufferPointer(start: $0, count: bytes), as: UTF8.self) }
            headers.append(Header(String(cString: name), text ?? ""))
        }
        return headers
    }
}
