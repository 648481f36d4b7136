import Dispatch
import EventLogPort
import Foundation
import GRDB
import Logging
import Metrics
import Storage
import Synchronization

/// The one thread that writes: it commits what many tasks append in one transaction, with one sync of the file.
///
/// Between commits it looks whether another process wrote (at most every 20 ms, while somebody listens).
final class LogWriter: Sendable {
    private static let watchEvery = DispatchTimeInterval.milliseconds(20)
    private static let idleFor = DispatchTimeInterval.milliseconds(500)

    private let pool: DatabasePool
    private let tail: LogTail
    private let time: TimeSource
    private let logger: Logger
    private let queue = WriterQueue()
    private let ended = Gate()
    private let counts = Mutex(LogStatistics())
    private let commits = Counter(label: "pratique.log.commits")
    private let appended = Counter(label: "pratique.log.records")

    init(pool: DatabasePool, tail: LogTail, time: TimeSource, logger: Logger) {
        self.pool = pool
        self.tail = tail
        self.time = time
        self.logger = logger
    }

    func start() {
        let thread = Thread { [self] in work() }
        thread.name = "log-writer"
        thread.start()
    }

    var statistics: LogStatistics { counts.withLock { $0 } }
    func count(_ change: (inout LogStatistics) -> Void) { counts.withLock { change(&$0) } }

    // MARK: For tasks

    func append(_ records: [PreparedRecord]) async throws -> [RecordID] {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try queue.add(PendingAppend(records: records, continuation: continuation))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs `body` on the writer's connection in a transaction of its own. Not ended by cancellation.
    func perform<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            do {
                try queue.add { connection in
                    continuation.resume(with: Result { try Self.transaction(try connection.get(), body) })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func transaction<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        var answer: T?
        do {
            try db.inTransaction(.immediate) {
                answer = try body(db)
                return .commit
            }
        } catch {
            throw LogFailure.translate(error)
        }
        guard let answer else { throw EventLogError.closed }
        return answer
    }

    func note(_ position: Int64, of group: GroupSlot) { queue.note(position, of: group) }

    /// Returns when all positions noted before are durable.
    func flush() async throws { try await perform { _ in } }

    /// Writes what waits and ends the thread.
    func stop() async {
        queue.stop()
        await ended.wait()
    }

    // MARK: The thread

    private func work() {
        defer { ended.open() }
        do {
            // The thread keeps the connection for good: readers have their own.
            try pool.writeWithoutTransaction { db in
                guard let connection = db.sqliteConnection else { throw EventLogError.closed }
                let inserter = try RecordInserter(connection)
                loop(db, inserter)
            }
        } catch {
            logger.critical("the log's writer ended", metadata: ["error.chain": "\(error)"])
            refuseAll(LogFailure.translate(error))
        }
    }

    private func loop(_ db: Database, _ inserter: RecordInserter) {
        var lastBatch = 0
        while true {
            if lastBatch > 1 { gather(lastBatch) }
            let work = queue.take(within: tail.isListenedTo ? Self.watchEvery : Self.idleFor)
            lastBatch = work.appends.count
            if !work.appends.isEmpty || !work.positions.isEmpty { commit(work, inserter) }
            for job in work.jobs { job(.success(db)) }
            watch(db, inserter)
            if work.isStopped, work.appends.isEmpty, work.jobs.isEmpty { return }
        }
    }

    /// After a commit its writers append again at once; the next commit waits a moment for as many as last time.
    private func gather(_ expected: Int) {
        let limit = DispatchTime.now().uptimeNanoseconds + 200_000
        while queue.waitingAppends < expected, DispatchTime.now().uptimeNanoseconds < limit { sched_yield() }
    }

    private func commit(_ work: WriterWork, _ inserter: RecordInserter) {
        if !work.positions.isEmpty { CrashPoint.hit(.logBeforePositions) }
        let milliseconds = Int64((time.now().timeIntervalSince1970 * 1000).rounded())
        var places: [[RecordID]] = []
        var ends: [Int64: Int64] = [:]
        var records = 0
        places.reserveCapacity(work.appends.count)
        do {
            try inserter.transaction {
                for append in work.appends {
                    places.append(
                        try append.records.map { record in
                            let position = try inserter.add(record, at: milliseconds)
                            ends[record.slot] = position
                            return RecordID(
                                topic: record.partition.topic, partition: record.partition.partition,
                                position: position)
                        })
                    records += append.records.count
                }
                for (group, position) in work.positions {
                    try inserter.setPosition(position, of: group.group, in: group.slot)
                }
            }
        } catch {
            // Positions are tried again: at least once allows them to be late, not to be forgotten.
            for (group, position) in work.positions { queue.note(position, of: group) }
            let error = LogFailure.translate(error)
            logger.error("a commit failed", metadata: ["error.chain": "\(error)"])
            for append in work.appends { append.continuation.resume(throwing: error) }
            return
        }
        if !work.appends.isEmpty { CrashPoint.hit(.logAfterCommit) }
        tail.advance(ends)
        for (append, places) in zip(work.appends, places) { append.continuation.resume(returning: places) }
        count { counts in
            counts.commits += 1
            counts.appended += records
        }
        commits.increment()
        appended.increment(by: records)
    }

    /// Another process wrote: where the slots end now.
    private func watch(_ db: Database, _ inserter: RecordInserter) {
        do {
            guard try inserter.othersWrote() else { return }
            var ends: [Int64: Int64] = [:]
            let rows = try Row.fetchCursor(try db.cachedStatement(sql: "SELECT id, next FROM slots"))
            while let row = try rows.next() { ends[row[0]] = row[1] - 1 }
            tail.advance(ends)
            inserter.newsWereRead()
        } catch {
            logger.error("the log cannot be watched", metadata: ["error.chain": "\(error)"])
        }
    }

    private func refuseAll(_ error: any Error) {
        queue.stop()
        let work = queue.takeAll()
        for append in work.appends { append.continuation.resume(throwing: error) }
        for job in work.jobs { job(.failure(error)) }
    }
}

/// What the log has done since it was opened.
public struct LogStatistics: Sendable, Equatable {
    public var appended = 0
    /// Transactions, each with one sync of the file.
    public var commits = 0
    /// Records that compaction or retention removed.
    public var removed = 0
    /// Of those, records of work topics that a group had not finished.
    public var removedUnfinished = 0
}
