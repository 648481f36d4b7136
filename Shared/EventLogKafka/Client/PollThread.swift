import CRdkafka
import Foundation
import Synchronization

/// Serves a client's callbacks on a thread of its own until it is stopped.
final class PollThread: @unchecked Sendable {
    private static let pollMilliseconds: Int32 = 200

    private let handle: KafkaHandle
    private let isStopped = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ handle: KafkaHandle, name: String) {
        self.handle = handle
        let thread = Thread { [self] in
            while !isStopped.load(ordering: .relaxed) { rd_kafka_poll(handle.raw, Self.pollMilliseconds) }
            ended.signal()
        }
        thread.name = name
        thread.start()
    }

    /// Blocks until the thread has ended: not for the cooperative pool.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        ended.wait()
    }
}
