import HTTPPort
import Synchronization

/// Splits a response: success to the consumer, an error's first bytes to memory.
final class AnswerSink: ResponseSink {
    private struct State {
        var isSuccess = false
        var errorBody: [UInt8] = []
    }

    private let consumer: any AnswerConsumer
    private let errorBytesMax: Int
    private let state = Mutex(State())

    init(consumer: any AnswerConsumer, errorBytesMax: Int64) {
        self.consumer = consumer
        self.errorBytesMax = Int(errorBytesMax)
    }

    var errorBody: [UInt8] { state.withLock { $0.errorBody } }

    func receive(head: ResponseHead) throws {
        state.withLock { $0.isSuccess = head.isSuccess }
        if head.isSuccess { try consumer.receive(head: head) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let isSuccess = state.withLock { state in
            if !state.isSuccess {
                state.errorBody.append(contentsOf: bytes.prefix(errorBytesMax - state.errorBody.count))
            }
            return state.isSuccess
        }
        if isSuccess { try consumer.receive(bytes) }
    }
}

/// Keeps a successful body in memory; starts over with each try.
final class CollectingConsumer: AnswerConsumer {
    private let body = Mutex<[UInt8]>([])
    private let bytesMax: Int64
    private let url: WebURL

    init(bytesMax: Int64, url: WebURL) {
        self.bytesMax = bytesMax
        self.url = url
    }

    func nextTry() -> HeaderList {
        body.withLock { $0 = [] }
        return []
    }

    func receive(head: ResponseHead) throws {}

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try body.withLock { body in
            guard Int64(body.count) + Int64(bytes.count) <= bytesMax else {
                throw HTTPTransportError.bodyTooLarge(url: url, limitBytes: bytesMax)
            }
            body.append(contentsOf: bytes)
        }
    }

    var bytes: [UInt8] { body.withLock { $0 } }
}
