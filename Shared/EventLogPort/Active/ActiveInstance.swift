public import Logging
import Synchronization

/// Sees to it that one instance at a time acts for a service: the one that owns the only partition of a work topic.
///
/// When it gets the partition it appends a *take-over record* to that topic; its position is the instance's **term**,
/// and
/// everything that the session appends carries it, so that readers can tell an older instance's late record. The others
/// stand by: `run` waits until it is their turn. On revocation the session ends: `next` returns nil, appends throw, and
/// after `gracefulStop` the body is cancelled. A body that throws `ActiveInstanceError.mustStandBack` makes it leave
/// the group for `standBack`: during an upgrade the older one must not take the partition from the newer one again.
///
/// **Limits**: two instances may believe to be active for a moment; terms and `TermFence` heal what the older one
/// wrote.
public final class ActiveInstance: Sendable {
    private let log: any EventLog
    private let group: GroupName
    private let topic: TopicName
    private let gracefulStop: Duration
    private let standbyPoll: Duration
    private let standBack: Duration
    private let time: TimeSource
    private let logger: Logger
    private let stopped = Gate()
    /// Whether the partition is this instance's, as far as the member has told: ahead of the events in the mailbox.
    private let ownership = Mutex(false)

    private enum Event: Sendable {
        case step(GroupStep)
        case intakeEnded((any Error)?)
        case bodyEnded(term: Int64, (any Error)?)
        case stop
    }

    /// - Parameter topic: a work topic of one partition.
    public init(
        log: any EventLog, group: GroupName, topic: TopicName, gracefulStop: Duration = .seconds(20),
        standbyPoll: Duration = .seconds(1), standBack: Duration = .seconds(300), time: TimeSource, logger: Logger
    ) {
        self.log = log
        self.group = group
        self.topic = topic
        self.gracefulStop = gracefulStop
        self.standbyPoll = standbyPoll
        self.standBack = standBack
        self.time = time
        self.logger = logger
    }

    /// Runs `body` whenever this instance is the active one, until it is stopped or `body` returns by itself.
    /// - Throws: what `body` throws while it is active; an error of the log that does not pass.
    public func run(_ body: @escaping @Sendable (ActiveSession) async throws -> Void) async throws {
        // A task of its own: cancelling `run` must begin the graceful stop, not cancel the body.
        let work = Task { try await self.untilStopped(body) }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            stopped.open()
        }
    }

    /// Begins the graceful stop; `run` returns at its end.
    public func stop() { stopped.open() }

    private func untilStopped(_ body: @escaping @Sendable (ActiveSession) async throws -> Void) async throws {
        while !stopped.isOpen {
            do { return try await work(body) } catch ActiveInstanceError.mustStandBack(let reason) {
                logger.error(
                    "this instance stands back: a newer version has been at work",
                    metadata: ["group": "\(group)", "reason": "\(reason)"])
                await stopped.wait(atMost: standBack, on: time)
            }
        }
    }

    private func work(_ body: @escaping @Sendable (ActiveSession) async throws -> Void) async throws {
        let joining = GroupJoin(log: log, group: group, topics: [topic], time: time, logger: logger)
        guard let member = try await joining.join(poll: standbyPoll, until: stopped) else { return }
        ownership.withLock { $0 = false }
        let (events, mailbox) = AsyncStream.makeStream(of: Event.self)
        let intake = Task {
            do {
                let wait = Backoff.untilStopped
                while let step = try await wait.retrying(on: time, telling: logger, { try await member.next() }) {
                    switch step {
                    case .assigned: ownership.withLock { $0 = true }
                    case .revoked: ownership.withLock { $0 = false }
                    case .records: break
                    }
                    mailbox.yield(.step(step))
                }
                mailbox.yield(.intakeEnded(nil))
            } catch {
                mailbox.yield(.intakeEnded(error is CancellationError ? nil : error))
            }
        }
        let stopping = Task {
            await stopped.wait()
            mailbox.yield(.stop)
        }
        var failure: (any Error)?
        do { try await attend(events, mailbox, member, body) } catch { failure = error }
        intake.cancel()
        stopping.cancel()
        await intake.value
        await member.leave()
        if let failure { throw failure }
    }

    /// What is running for the term at hand.
    private struct Tenancy {
        let session: ActiveSession
        let body: Task<Void, Never>
    }

    private func attend(
        _ events: AsyncStream<Event>, _ mailbox: AsyncStream<Event>.Continuation, _ member: any GroupMember,
        _ body: @escaping @Sendable (ActiveSession) async throws -> Void
    ) async throws {
        var tenancy: Tenancy?
        for await event in events {
            switch event {
            case .step(.assigned(let partitions)):
                guard tenancy == nil, !partitions.isEmpty else { break }
                guard let session = try await takeOver(member) else { break }
                let task = Task {
                    do {
                        try await body(session)
                        mailbox.yield(.bodyEnded(term: session.term, nil))
                    } catch {
                        mailbox.yield(.bodyEnded(term: session.term, error))
                    }
                }
                tenancy = Tenancy(session: session, body: task)
            case .step(.records(let records)): tenancy?.session.deliver(records)
            case .step(.revoked):
                if let ending = tenancy { await end(ending) }
                tenancy = nil
            case .bodyEnded(let term, let error):
                guard let ended = tenancy, ended.session.term == term else { break }
                ended.session.end()
                if let error { throw error }
                return
            case .intakeEnded(let error):
                if let ending = tenancy { await end(ending) }
                if let error { throw error }
                return
            case .stop:
                if let ending = tenancy { await end(ending) }
                return
            }
        }
    }

    /// - Returns: nil when it was stopped, or the partition went to another instance, before the log took the record:
    ///   a record after the new owner's would say that this one is the newer.
    private func takeOver(_ member: any GroupMember) async throws -> ActiveSession? {
        CrashPoint.hit(.activeBeforeTakeover)
        let draft = RecordDraft(
            topic: topic, key: TakeoverHeader.name, value: nil,
            headers: [Header(TakeoverHeader.name, group.rawValue)], partition: 0)
        var failures = 0
        while !stopped.isOpen, ownership.withLock({ $0 }) {
            do {
                guard let term = try await log.append([draft]).first?.position else {
                    throw EventLogError.unavailable(reason: "the log returned no place")
                }
                CrashPoint.hit(.activeAfterTakeover)
                logger.info("this instance is active now", metadata: ["group": "\(group)", "term": "\(term)"])
                return ActiveSession(term: term, log: log, member: member, time: time)
            } catch let error as EventLogError where error.isTransient {
                failures += 1
                guard let wait = Backoff.untilStopped.delay(after: failures) else { throw error }
                logger.warning("the take-over waits for the log", metadata: ["error.chain": "\(error)"])
                await stopped.wait(atMost: wait, on: time)
            }
        }
        return nil
    }

    /// Tells the body, gives it its time, then cancels it.
    private func end(_ tenancy: Tenancy) async {
        logger.info("this instance is no longer active", metadata: ["term": "\(tenancy.session.term)"])
        tenancy.session.end()
        let limit = Task {
            try await time.clock.sleep(for: gracefulStop)
            tenancy.body.cancel()
        }
        await tenancy.body.value
        limit.cancel()
    }
}

/// The header of take-over records.
package enum TakeoverHeader {
    package static let name = "pratique-takeover"
}
