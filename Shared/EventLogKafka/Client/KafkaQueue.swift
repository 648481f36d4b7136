import CRdkafka
import EventLogPort

/// A queue of librdkafka, and who is woken when it is no longer empty: nobody waits for it on a thread.
///
/// Unchecked: the library's queues may be used from any thread. `destroy` is called once, at the end.
struct KafkaQueue: @unchecked Sendable {
    let raw: OpaquePointer?
    private let wake: Wake

    /// A queue of its own, for what is sent there.
    init(of handle: KafkaHandle, waking wake: Wake) { self.init(rd_kafka_queue_new(handle.raw), wake) }

    /// The queue of a member's records and rebalances.
    init(ofConsumer handle: KafkaHandle, waking wake: Wake) { self.init(rd_kafka_queue_get_consumer(handle.raw), wake) }

    private init(_ raw: OpaquePointer?, _ wake: Wake) {
        self.raw = raw
        self.wake = wake
        rd_kafka_queue_cb_event_enable(
            raw, { _, opaque in opaque.map { Unmanaged<Wake>.fromOpaque($0).takeUnretainedValue().fire() } },
            Unmanaged.passRetained(wake).toOpaque())
    }

    func destroy() {
        rd_kafka_queue_cb_event_enable(raw, nil, nil)
        rd_kafka_queue_destroy(raw)
        Unmanaged.passUnretained(wake).release()
    }
}
