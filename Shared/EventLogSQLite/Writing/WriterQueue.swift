import Dispatch
import EventLogPort
import GRDB
import Synchronization

/// Work on the writer's connection; a failure when there is none.
typealias WriterJob = @Sendable (Result<Database, any Error>) -> Void

/// A group's position in a slot.
struct GroupSlot: Hashable, Sendable {
    let group: String
    let slot: Int64
}

/// An append that waits for its commit.
struct PendingAppend: Sendable {
    let records: [PreparedRecord]
    let continuation: CheckedContinuation<[RecordID], any Error>
}

/// What the writer's thread takes at a time.
struct WriterWork: Sendable {
    var appends: [PendingAppend] = []
    var jobs: [WriterJob] = []
    var positions: [GroupSlot: Int64] = [:]
    var isStopped = false
}

/// Between the tasks that append and the thread that writes.
final class WriterQueue: Sendable {
    /// Bounds of one transaction.
    static let recordsMax = 1024
    static let transactionBytesMax = 8 * 1024 * 1024

    fileprivate struct State {
        var appends: [PendingAppend] = []
        var jobs: [WriterJob] = []
        var positions: [GroupSlot: Int64] = [:]
        var isIdle = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// - Throws: `EventLogError.closed`.
    func add(_ append: PendingAppend) throws(EventLogError) { try put { $0.appends.append(append) } }
    func add(_ job: @escaping WriterJob) throws(EventLogError) { try put { $0.jobs.append(job) } }

    /// Written with the next transaction, or after a short while. The thread need not be woken for it.
    func note(_ position: Int64, of group: GroupSlot) {
        state.withLock { $0.positions[group] = max(position, $0.positions[group] ?? -1) }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.isIdle = false
        }
        signal.signal()
    }

    private func put(_ change: (inout State) -> Void) throws(EventLogError) {
        let (isStopped, wakes) = state.withLock { state in
            guard !state.isStopped else { return (true, false) }
            change(&state)
            defer { state.isIdle = false }
            return (false, state.isIdle)
        }
        if isStopped { throw .closed }
        if wakes { signal.signal() }
    }

    var waitingAppends: Int { state.withLock { $0.appends.count } }

    /// What there is to do; after `timeout` at most the positions.
    func take(within timeout: DispatchTimeInterval) -> WriterWork {
        if let work = takeNow() { return work }
        _ = signal.wait(timeout: .now() + timeout)
        return takeNow(evenNothing: true) ?? WriterWork()
    }

    /// Everything, after the end.
    func takeAll() -> WriterWork {
        state.withLock { state in
            defer {
                state.appends = []
                state.jobs = []
            }
            return WriterWork(appends: state.appends, jobs: state.jobs, isStopped: true)
        }
    }

    private func takeNow(evenNothing: Bool = false) -> WriterWork? {
        state.withLock { state -> WriterWork? in
            guard evenNothing || !state.appends.isEmpty || !state.jobs.isEmpty || state.isStopped else {
                state.isIdle = true
                return nil
            }
            state.isIdle = false
            var work = WriterWork(
                jobs: state.jobs, positions: state.positions, isStopped: state.isStopped)
            state.jobs = []
            state.positions = [:]
            work.appends = state.takeAppends()
            return work
        }
    }
}

extension WriterQueue.State {
    fileprivate mutating func takeAppends() -> [PendingAppend] {
        var records = 0
        var bytes = 0
        var count = 0
        for append in appends {
            if count > 0, records + append.records.count > WriterQueue.recordsMax { break }
            if count > 0, bytes > WriterQueue.transactionBytesMax { break }
            records += append.records.count
            bytes += append.records.reduce(0) { $0 + $1.bytes }
            count += 1
        }
        defer { appends.removeFirst(count) }
        return Array(appends.prefix(count))
    }
}
