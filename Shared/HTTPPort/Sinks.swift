import Synchronization

/// Keeps a body in memory up to a limit.
public final class CollectingSink: ResponseSink {
    private let bytesMax: Int64
    private let url: WebURL
    private let body = Mutex<[UInt8]>([])

    public init(bytesMax: Int64, url: WebURL) {
        self.bytesMax = bytesMax
        self.url = url
    }

    public func receive(head: ResponseHead) throws {
        body.withLock { $0.removeAll(keepingCapacity: true) }
    }

    public func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try body.withLock { body in
            guard Int64(body.count) + Int64(bytes.count) <= bytesMax else {
                throw HTTPTransportError.bodyTooLarge(url: url, limitBytes: bytesMax)
            }
            body.append(contentsOf: bytes)
        }
    }

    /// The bytes so far; the sink is empty afterwards.
    public func take() -> [UInt8] {
        body.withLock { body in
            defer { body = [] }
            return body
        }
    }
}

/// A sink made of two closures.
final class ClosureSink: ResponseSink {
    private let onHead: @Sendable (ResponseHead) throws -> Void
    private let onBody: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(
        onHead: @escaping @Sendable (ResponseHead) throws -> Void,
        onBody: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.onHead = onHead
        self.onBody = onBody
    }

    func receive(head: ResponseHead) throws { try onHead(head) }
    func receive(_ bytes: UnsafeRawBufferPointer) throws { try onBody(bytes) }
}
