import EventLogPort
import Synchronization

/// What readers found out about the ends of partitions. The brokers tell where the next record will be; that the record
/// before it is gone (a tombstone that compaction removed) is only seen by reading up to there.
final class NewestRecords: Sendable {
    private struct Finding {
        let high: Int64
        let newest: Int64
    }

    private let findings = Mutex<[TopicPartition: Finding]>([:])

    /// A reader came to the end `high`, and the last record before it, or the place that it began after, was `newest`.
    func reached(_ partition: TopicPartition, high: Int64, newest: Int64) {
        guard newest < high - 1 else { return }
        findings.withLock { findings in
            if let known = findings[partition], known.high == high, known.newest <= newest { return }
            findings[partition] = Finding(high: high, newest: newest)
        }
    }

    /// The newest record of a partition that lasts from `low` up to before `high`; -1 where there is none.
    func newest(_ partition: TopicPartition, low: Int64, high: Int64) -> Int64 {
        guard low < high else { return -1 }
        let found = findings.withLock { $0[partition] }
        guard let found, found.high == high else { return high - 1 }
        return found.newest >= low ? found.newest : -1
    }
}
