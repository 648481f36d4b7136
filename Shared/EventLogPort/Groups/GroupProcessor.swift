public import Logging

/// Runs a handler over the records of a group, several at a time.
///
/// **Promises**: a record is acknowledged after its handler returned, or after its dead letter is durable, and never
/// before. Handlers that throw are run again after a jittered back-off, at most `retries.attemptsMax` times; a record
/// that waits for its next attempt takes no place from others. While the log is away everything waits, however long:
/// no attempt is used up and nothing becomes a dead letter. With `order: .perKey` records of one key run one after
/// the other. On revocation records that did not start are dropped; running handlers go on, their acknowledgement is
/// void.
///
/// **End**: cancelling the task of `run()` or `stop()` ends intake; running handlers have `gracefulStop` to end, then
/// they are cancelled. A handler that ignores its cancellation holds `run()` up. What was not acknowledged comes again.
public final class GroupProcessor: Sendable {
    public enum Order: Sendable { case perKey, none }

    /// Bounds of one processor.
    public struct Limits: Sendable {
        /// Handlers that run at a time.
        public var width: Int
        public var order: Order
        public var retries: Backoff
        public var gracefulStop: Duration
        /// How often a group that another process holds is asked for.
        public var standbyPoll: Duration = .seconds(1)

        public init(
            width: Int, order: Order = .perKey, retries: Backoff = Backoff(), gracefulStop: Duration = .seconds(20)
        ) {
            self.width = width
            self.order = order
            self.retries = retries
            self.gracefulStop = gracefulStop
        }
    }

    private enum Event: Sendable {
        case step(GroupStep)
        case intakeEnded((any Error)?)
        case finished(WorkQueue.Job, Outcome)
        case due(WorkQueue.Job, usesAttempt: Bool)
        case stop
        case stopLimit
    }

    private enum Outcome: Sendable {
        case done
        case again(after: Duration, usesAttempt: Bool)
        case failed(any Error)
    }

    private let log: any EventLog
    private let group: GroupName
    private let topics: [TopicName]
    private let deadLetters: TopicName
    private let limits: Limits
    private let time: TimeSource
    private let logger: Logger
    private let handler: any RecordHandler
    private let stopped = Gate()

    public init(
        log: any EventLog, group: GroupName, topics: [TopicName], deadLetters: TopicName, limits: Limits,
        time: TimeSource, logger: Logger, handler: any RecordHandler
    ) {
        self.log = log
        self.group = group
        self.topics = topics
        self.deadLetters = deadLetters
        self.limits = limits
        self.time = time
        self.logger = logger
        self.handler = handler
    }

    /// Works until it is stopped.
    /// - Throws: what a handler called `fatal`, or an error of the log that does not pass.
    public func run() async throws {
        // A task of its own: cancelling `run()` must begin the graceful stop, not cancel the handlers.
        let work = Task { try await self.work() }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            stopped.open()
        }
    }

    /// Begins the graceful stop; `run()` returns at its end.
    public func stop() { stopped.open() }

    private func work() async throws {
        let joining = GroupJoin(log: log, group: group, topics: topics, time: time, logger: logger)
        guard let member = try await joining.join(poll: limits.standbyPoll, until: stopped) else { return }
        let (events, mailbox) = AsyncStream.makeStream(of: Event.self)
        let intake = Task { await self.takeIn(member, mailbox) }
        let stopping = Task {
            await stopped.wait()
            mailbox.yield(.stop)
        }
        let failure = await withDiscardingTaskGroup(returning: (any Error)?.self) { tasks in
            let failure = await dispatch(events, mailbox, member, intake, &tasks)
            tasks.cancelAll()
            return failure
        }
        intake.cancel()
        stopping.cancel()
        await intake.value
        await member.leave()
        if let failure { throw failure }
    }

    private func takeIn(_ member: any GroupMember, _ mailbox: AsyncStream<Event>.Continuation) async {
        do {
            let wait = Backoff.untilStopped
            while let step = try await wait.retrying(on: time, telling: logger, { try await member.next() }) {
                mailbox.yield(.step(step))
            }
            mailbox.yield(.intakeEnded(nil))
        } catch is CancellationError {
            mailbox.yield(.intakeEnded(nil))
        } catch {
            mailbox.yield(.intakeEnded(error))
        }
    }

    /// The loop that owns the queue. Returns when nothing runs any more after the end began.
    private func dispatch(
        _ events: AsyncStream<Event>, _ mailbox: AsyncStream<Event>.Continuation, _ member: any GroupMember,
        _ intake: Task<Void, Never>, _ tasks: inout DiscardingTaskGroup
    ) async -> (any Error)? {
        var queue = WorkQueue(width: limits.width, ordered: limits.order == .perKey)
        var failure: (any Error)?
        var ending = false
        func end(_ error: (any Error)?) {
            if failure == nil { failure = error }
            guard !ending else { return }
            ending = true
            intake.cancel()
            queue.dropWaiting()
            tasks.addTask {
                try? await self.time.clock.sleep(for: self.limits.gracefulStop)
                mailbox.yield(.stopLimit)
            }
        }
        for await event in events {
            switch event {
            case .step(.assigned(let partitions)): queue.assign(partitions)
            case .step(.revoked(let partitions)): queue.revoke(partitions)
            case .step(.records(let records)):
                guard !ending else { break }
                for record in records { queue.add(record) }
            case .intakeEnded(let error): end(error)
            case .finished(let job, .done): queue.finish(job)
            case .finished(let job, .failed(let error)):
                queue.finish(job)
                end(error)
            case .finished(let job, .again(let wait, let usesAttempt)):
                queue.sleep(job)
                tasks.addTask {
                    try? await self.time.clock.sleep(for: wait)
                    mailbox.yield(.due(job, usesAttempt: usesAttempt))
                }
            case .due(let job, let usesAttempt): queue.wakeUp(job, usesAttempt: usesAttempt)
            case .stop: end(nil)
            case .stopLimit: tasks.cancelAll()
            }
            if ending {
                queue.dropWaiting()
                if queue.running == 0 { return failure }
                continue
            }
            for job in queue.start() {
                tasks.addTask { mailbox.yield(.finished(job, await self.handle(job, member))) }
            }
        }
        return failure
    }

    // MARK: One record

    private func handle(_ job: WorkQueue.Job, _ member: any GroupMember) async -> Outcome {
        do {
            switch try await WholeReader(log: log, time: time).assemble(job.record) {
            case .part: break
            case .broken(let record, let error): try await setAside(record, .brokenParts, "\(error)", attempts: 0)
            // Of work every record counts, not only the newest of its key.
            case .superseded:
                try await setAside(WholeRecord(job.record), .brokenParts, "its parts are gone", attempts: 0)
            case .whole(let record):
                if let outcome = try await attempt(record, job) { return outcome }
            }
            try await acknowledge(job.record.id, member)
            CrashPoint.hit(.groupAfterAcknowledge)
            return .done
        } catch {
            // The processor cancelled it at the end of its time: it comes again.
            if Task.isCancelled { return .done }
            if let error = error as? EventLogError, error.isTransient { return waiting(job, .seconds(1), error) }
            return .failed(error)
        }
    }

    /// - Returns: nil when the record is finished: handled or set aside.
    private func attempt(_ record: WholeRecord, _ job: WorkQueue.Job) async throws -> Outcome? {
        CrashPoint.hit(.groupBeforeHandler)
        do {
            try await handler.handle(record)
        } catch {
            return try await settle(error, record, job)
        }
        CrashPoint.hit(.groupAfterHandler)
        return nil
    }

    private func settle(_ error: any Error, _ record: WholeRecord, _ job: WorkQueue.Job) async throws -> Outcome? {
        // The processor cancelled it at the end of its time: it is not the record's fault, it comes again.
        if Task.isCancelled { return .done }
        switch handler.disposition(of: error, for: record) {
        case .fatal: return .failed(error)
        case .wait(let after): return waiting(job, after, error)
        case .deadLetter(let cause, let reason): try await setAside(record, cause, reason, attempts: job.attempt)
        case .retry(let after):
            if let wait = limits.retries.delay(after: job.attempt) {
                logger.debug("a record is tried again", metadata: metadata(job, error))
                return .again(after: max(wait, after), usesAttempt: true)
            }
            let reason = "gave up after \(job.attempt) attempts: \(error)"
            try await setAside(record, .gaveUp, reason, attempts: job.attempt)
        }
        CrashPoint.hit(.groupAfterDeadLetter)
        return nil
    }

    private func waiting(_ job: WorkQueue.Job, _ after: Duration, _ error: any Error) -> Outcome {
        logger.warning("a record waits for the log", metadata: metadata(job, error))
        let wait = Backoff(first: after, attemptsMax: .max).delay(after: job.waits + 1)
        return .again(after: wait ?? after, usesAttempt: false)
    }

    /// Until it is durable or the processor ends: an outage must not lose it, nor end the service.
    private func setAside(
        _ record: WholeRecord, _ cause: DeadLetterCause, _ reason: String, attempts: Int
    ) async throws {
        logger.warning(
            "a record became a dead letter",
            metadata: ["record.id": "\(record.id)", "record.key": "\(record.key)", "reason": "\(reason)"])
        let draft = DeadLetter.draft(
            for: record, topic: deadLetters, group: group, cause: cause, reason: reason, attempts: attempts,
            at: time.now())
        let log = log
        let time = time
        _ = try await Backoff.untilStopped.retrying(on: time, telling: logger) {
            try await log.appendWhole([draft], time: time)
        }
    }

    private func acknowledge(_ id: RecordID, _ member: any GroupMember) async throws {
        try await Backoff.untilStopped.retrying(on: time, telling: logger) { try await member.acknowledge(id) }
    }

    private func metadata(_ job: WorkQueue.Job, _ error: any Error) -> Logger.Metadata {
        [
            "record.id": "\(job.record.id)", "record.key": "\(job.record.key)", "attempt": "\(job.attempt)",
            "error.chain": "\(error)",
        ]
    }
}
