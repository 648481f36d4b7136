import CRdkafka
import Foundation

/// Copies the values of messages that came together: the small ones into one piece of memory that they share, because
/// a piece for each costs more than the copying. It goes when the last of them does.
///
/// Copies, because librdkafka's memory is that of a whole fetch.
struct SharedValues {
    typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

    /// A larger value gets memory of its own: one that is kept does not hold much more than itself.
    static let bytesMax = 4 << 10

    private var shared: Data
    private var used = 0

    init(_ messages: some Sequence<Message?>) {
        let bytes = messages.reduce(0) { $0 + (Self.isShared($1) ? $1?.pointee.len ?? 0 : 0) }
        shared = bytes == 0 ? Data() : Self.copy(messages, bytes)
    }

    /// Asked for each message once, in their order.
    mutating func value(of message: Message) -> Data? {
        guard let payload = message.pointee.payload else { return nil }
        guard Self.isShared(message) else { return Data(bytes: payload, count: message.pointee.len) }
        defer { used += message.pointee.len }
        return shared[used..<used + message.pointee.len]
    }

    private static func isShared(_ message: Message?) -> Bool {
        guard let message = message?.pointee else { return false }
        return message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.payload != nil && message.len <= bytesMax
    }

    private static func copy(_ messages: some Sequence<Message?>, _ bytes: Int) -> Data {
        let isPiece = ValueMemory.isWorthwhile(bytes)
        let memory =
            isPiece ? ValueMemory.shared.take() : UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 1)
        var next = memory
        for case let message? in messages where isShared(message) {
            guard let payload = message.pointee.payload else { continue }
            next.copyMemory(from: payload, byteCount: message.pointee.len)
            next += message.pointee.len
        }
        return Data(
            bytesNoCopy: memory, count: bytes,
            deallocator: .custom { memory, _ in
                if isPiece { ValueMemory.shared.giveBack(memory) } else { memory.deallocate() }
            })
    }
}
