import HTTPPort
import Synchronization

/// Keeps a part of a blob; ends the transfer where the registry sends the whole.
final class PartConsumer: AnswerConsumer {
    /// The registry does not give parts.
    struct WholeBlob: Error {}

    private let range: Range<Int64>
    private let body = Mutex<[UInt8]>([])

    init(_ range: Range<Int64>) { self.range = range }

    var bytes: [UInt8] { body.withLock { $0 } }

    func nextTry() -> HeaderList { [] }

    func receive(head: ResponseHead) throws {
        body.withLock { $0.removeAll(keepingCapacity: true) }
        let stated = "bytes \(range.lowerBound)-\(range.upperBound - 1)"
        guard head.status == 206, head.headers["content-range"]?.hasPrefix(stated) == true else { throw WholeBlob() }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try body.withLock { body in
            guard body.count + bytes.count <= range.count else { throw WholeBlob() }
            body.append(contentsOf: bytes)
        }
    }
}
