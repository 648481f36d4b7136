import CRdkafka
import Foundation
import Testing

@testable import EventLogKafka

@Suite("Values of messages that come together")
struct SharedValuesTests {
    /// The values of `count` messages of `bytes` each, filled with `first`, `first` + 1 and so on.
    private static func values(_ count: Int, bytes: Int, first: Int) -> [Data?] {
        let contents = (0..<count).map { [UInt8](repeating: UInt8(truncatingIfNeeded: first + $0), count: bytes) }
        let messages = contents.map { content in
            let payload = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 1)
            content.withUnsafeBytes {
                payload.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(payload), byteCount: bytes)
            }
            let message = UnsafeMutablePointer<rd_kafka_message_t>.allocate(capacity: 1)
            message.initialize(to: rd_kafka_message_t())
            message.pointee.payload = payload
            message.pointee.len = bytes
            return message
        }
        defer {
            for message in messages {
                message.pointee.payload?.deallocate()
                message.deallocate()
            }
        }
        var values = SharedValues(messages.map { Optional($0) })
        return messages.map { values.value(of: $0) }
    }

    private static func expect(_ value: Data?, _ byte: Int, bytes: Int) {
        #expect(value == Data(repeating: UInt8(truncatingIfNeeded: byte), count: bytes))
    }

    @Test(
        "are copies of their own, few and many, small and large",
        arguments: [(1, 0), (1, 10), (3, 4096), (3, 4097), (127, 1024), (128, 1024), (256, 4096), (2, 300_000)])
    func copies(_ count: Int, _ bytes: Int) {
        for (index, value) in Self.values(count, bytes: bytes, first: 7).enumerated() {
            Self.expect(value, 7 + index, bytes: bytes)
        }
    }

    @Test("one that is kept stays as it is while the memory of others is used again")
    func reuse() {
        var kept: [(value: Data?, byte: Int)] = []
        for round in 0..<40 {
            let values = Self.values(256, bytes: 1024, first: round)
            // Some rounds leave nothing, so that their memory is free for the next.
            if round.isMultiple(of: 3) { kept.append((values[round], 2 * round)) }
            for (index, value) in values.enumerated() { Self.expect(value, round + index, bytes: 1024) }
            for (value, byte) in kept { Self.expect(value, byte, bytes: 1024) }
        }
    }

    @Test("memory is used again, and no more than a few pieces are spare")
    func spare() {
        let memory = ValueMemory()
        let first = memory.take()
        memory.giveBack(first)
        #expect(memory.take() == first)
        let pieces = [first] + (0..<10).map { _ in memory.take() }
        #expect(Set(pieces).count == 11)
        for piece in pieces { memory.giveBack(piece) }
        #expect(memory.sparePieces == ValueMemory.sparePiecesMax)
    }
}
