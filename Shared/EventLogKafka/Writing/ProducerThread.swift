import CRdkafka
import EventLogPort
import Foundation
import Synchronization

/// The one thread that works with a producer: it takes the appends that wait, hands their records to librdkafka, and
/// serves the delivery reports.
///
/// While it is at one of these the others gather: many writers' records are handed over together, without a lock or a
/// wake-up for each, and librdkafka sends them in few requests. Its queue is bounded; while that is full, the reports
/// are waited for.
///
/// Unchecked: what is not behind the lock belongs to the thread.
final class ProducerThread: @unchecked Sendable {
    private static let pollMilliseconds: Int32 = 200

    private struct Inbox {
        var appends: [PendingAppend] = []
        var isStopped = false
    }

    private let handle: KafkaHandle
    private let inbox = Mutex(Inbox())
    private let ended = DispatchSemaphore(value: 0)
    /// The queue that the thread waits on, to call it back from there.
    private let reports: OpaquePointer?

    private var topics: [TopicName: OpaquePointer] = [:]
    /// Taken, and not handed over in full.
    private var backlog: ArraySlice<PendingAppend> = []

    init(_ handle: KafkaHandle) {
        self.handle = handle
        reports = rd_kafka_queue_get_main(handle.raw)
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "kafka-producer"
        thread.start()
    }

    func take(_ append: PendingAppend) {
        let wakes: Bool? = inbox.withLock { inbox in
            if inbox.isStopped { return nil }
            inbox.appends.append(append)
            return inbox.appends.count == 1
        }
        switch wakes {
        case nil: append.giveUp(.closed)
        case true?: rd_kafka_queue_yield(reports)
        case false?: break
        }
    }

    /// Waits for what is on its way, for a time; what is left then fails, and so does what comes later. Blocks: not for
    /// the cooperative pool. Called once.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        rd_kafka_queue_yield(reports)
        ended.wait()
    }

    // MARK: On the thread

    private func run() {
        while true {
            let (appends, isStopped) = inbox.withLock { inbox in
                defer { inbox.appends = [] }
                return (inbox.appends, inbox.isStopped)
            }
            backlog.append(contentsOf: appends)
            handOver()
            if isStopped { break }
            rd_kafka_poll(handle.raw, Self.pollMilliseconds)
        }
        for append in backlog { append.giveUp(.closed) }
        backlog = []
        rd_kafka_flush(handle.raw, Int32(KafkaConfiguration.callSeconds * 1000))
        rd_kafka_purge(handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_flush(handle.raw, 1000)
        for topic in topics.values { rd_kafka_topic_destroy(topic) }
        rd_kafka_queue_destroy(reports)
    }

    /// Hands over as many records as there is room for.
    private func handOver() {
        while let append = backlog.first {
            guard handOver(append) else { return }
            backlog.removeFirst()
        }
        backlog = []
    }

    /// - Returns: false while librdkafka's queue is full.
    private func handOver(_ append: PendingAppend) -> Bool {
        var last: (name: TopicName, topic: OpaquePointer)?
        while append.next < append.drafts.count {
            let index = append.next
            let name = append.drafts[index].topic
            if last?.name != name {
                do { last = (name, try topic(name)) } catch { last = nil }
            }
            let code = last.map { produce(append, index, of: $0.topic) } ?? rd_kafka_last_error()
            if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return false }
            append.next += 1
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { append.settle(index, .failure(handle.failure(code, topic: name))) }
        }
        return true
    }

    private func produce(_ append: PendingAppend, _ index: Int, of topic: OpaquePointer) -> rd_kafka_resp_err_t {
        // By index: a copy of a draft costs more than handing it over.
        var key = append.drafts[index].key
        return key.withUTF8 { key in
            HeaderList.withRaw(append.drafts[index].headers) { headers in
                func hand(_ value: UnsafeRawPointer?, _ bytes: Int) -> rd_kafka_resp_err_t {
                    crd_produce(
                        handle.raw, topic, append.partitions[index],
                        key.baseAddress.map { UnsafeRawPointer($0) } ?? HeaderList.nothing,
                        key.count, value, bytes, headers.baseAddress, headers.count, append.slot(index))
                }
                guard let value = append.drafts[index].value else { return hand(nil, 0) }
                return value.withUnsafeBytes { hand($0.baseAddress ?? HeaderList.nothing, $0.count) }
            }
        }
    }

    private func topic(_ name: TopicName) throws(EventLogError) -> OpaquePointer {
        if let topic = topics[name] { return topic }
        guard let topic = rd_kafka_topic_new(handle.raw, name.rawValue, nil) else {
            throw handle.failure(rd_kafka_last_error(), topic: name)
        }
        topics[name] = topic
        return topic
    }
}
