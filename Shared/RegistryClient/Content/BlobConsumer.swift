import HTTPPort
import Model
import Synchronization

/// Streams one blob through size and digest checks into a sink, over several tries: after a break it asks for the rest.
///
/// A sink that hashes every byte itself needs no second hash here, on the transport's thread.
final class BlobConsumer: AnswerConsumer {
    private struct State {
        /// Nil where the digest is the sink's business.
        var check: DigestCheck?
        var received: Int64 = 0
        var head: ResponseHead?
        /// Bytes of this try that came before, because the registry started over.
        var repeated: Int64 = 0
    }

    private let descriptor: Descriptor
    private let fault: RegistryError.Fault
    private let sink: @Sendable (UnsafeRawBufferPointer) throws -> Void
    private let state: Mutex<State>

    init(
        _ descriptor: Descriptor, fault: RegistryError.Fault, verifiesDigest: Bool = true,
        sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.descriptor = descriptor
        self.fault = fault
        self.sink = sink
        state = Mutex(State(check: verifiesDigest ? DigestCheck(descriptor.digest.algorithm) : nil))
    }

    /// All bytes came, whatever became of the transfer then: there is no rest to ask for.
    var complete: ResponseHead? { state.withLock { $0.received == descriptor.size ? $0.head : nil } }

    func nextTry() -> HeaderList {
        let received = state.withLock { $0.received }
        return received > 0 ? ["Range": "bytes=\(received)-"] : []
    }

    func receive(head: ResponseHead) throws {
        let received = state.withLock { state in
            state.repeated = 0
            state.head = head
            return state.received
        }
        var expected = descriptor.size
        if head.status == 206 {
            guard received > 0, head.headers["content-range"]?.hasPrefix("bytes \(received)-") == true else {
                throw RegistryError.badAnswer(with("a part was sent that was not asked for"))
            }
            expected -= received
        } else {
            state.withLock { $0.repeated = received }
        }
        if let length = head.contentLength, length != expected {
            throw RegistryError.sizeMismatch(
                fault, expected: descriptor.size, actual: length + descriptor.size - expected)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let old = try state.withLock { state -> Int in
            let old = Int(min(state.repeated, Int64(bytes.count)))
            state.repeated -= Int64(old)
            let fresh = UnsafeRawBufferPointer(rebasing: bytes[old...])
            guard state.received + Int64(fresh.count) <= descriptor.size else {
                throw RegistryError.sizeMismatch(
                    fault, expected: descriptor.size, actual: state.received + Int64(fresh.count))
            }
            state.received += Int64(fresh.count)
            state.check?.update(fresh)
            return old
        }
        if old < bytes.count { try sink(UnsafeRawBufferPointer(rebasing: bytes[old...])) }
    }

    /// Checks the whole once the registry said that it was all.
    func finish() throws {
        let (received, actual) = state.withLock { ($0.received, $0.check?.digest()) }
        guard received == descriptor.size else {
            throw RegistryError.sizeMismatch(fault, expected: descriptor.size, actual: received)
        }
        if let actual, actual != descriptor.digest {
            throw RegistryError.digestMismatch(fault, expected: descriptor.digest, actual: actual)
        }
    }

    private func with(_ detail: String) -> RegistryError.Fault {
        RegistryError.Fault(registry: fault.registry, subject: fault.subject, detail: detail)
    }
}
