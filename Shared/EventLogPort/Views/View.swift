import Foundation
public import Logging

/// A local copy of what some topics say, kept by a projection in a store, always behind the log by a little.
///
/// `run()` reads the topics from where the store is, calls `prepare` for each record and commits the `apply`s of a
/// batch
/// with the positions in one transaction. A record that the projection cannot read goes to `Projection.unreadable`.
/// The store is emptied and filled again when it belongs to another log, has another version or was not fed for 3 days.
///
/// Ends when the task of `run()` is cancelled or after `stop()`: intake ends at once, a running commit finishes.
public final class View<P: Projection, S: ViewStore>: Sendable where P.Transaction == S.Transaction {
    public struct Limits: Sendable {
        /// Records a transaction.
        public var batchMax = 500
        /// Tombstones live 7 days; a store that was not fed for this long may have missed one.
        public var rebuildAfter: Duration = .seconds(3 * 24 * 3600)
        /// How often a view that has nothing to read notes that it is current.
        public var freshenEvery: Duration = .seconds(3600)
        /// How often the ends are asked for again until the view is ready.
        public var readyPoll: Duration = .seconds(1)
        public init() {}
    }

    public let projection: P
    public let store: S
    private let log: any EventLog
    private let time: TimeSource
    private let limits: Limits
    private let logger: Logger
    private let progress = ViewProgress()
    private let stopped = Gate()
    private let committing = AsyncLock()

    public init(
        _ projection: P, store: S, log: any EventLog, time: TimeSource, logger: Logger, limits: Limits = Limits()
    ) {
        self.projection = projection
        self.store = store
        self.log = log
        self.time = time
        self.limits = limits
        self.logger = logger
    }

    /// Feeds the view until it is stopped. One call at a time.
    /// - Throws: an error of the log or of the store that does not pass.
    public func run() async throws {
        defer { progress.end(.stopped) }
        do {
            try await feed()
        } catch EventLogError.positionsLost(let topic) {
            // What the store has is of records that are no more: the next start builds it anew.
            let nobodys = ViewState(log: LogIdentity(""), version: -1, positions: [:], fedAt: time.now())
            try await store.commit(nobodys) { _ in }
            throw EventLogError.positionsLost(topic)
        } catch is CancellationError {
            // A graceful end: what was committed is whole.
        } catch  where stopped.isOpen {
            logger.debug("the view ended with an error while stopping", metadata: ["error.chain": "\(error)"])
        }
    }

    public func stop() { stopped.open() }

    // MARK: Waiting

    /// Whether the view has reached the ends that its topics had when it started.
    public var isReady: Bool { progress.isReady }
    /// How far it is: what has been applied.
    public var positions: [TopicPartition: Int64] { progress.positions }
    /// How many records could not be read since the start.
    public var unreadableCount: Int { progress.unreadable }

    /// - Throws: `ViewError.stopped`, `CancellationError`.
    public func waitUntilReady() async throws {
        try await progress.wait { _, isReady in isReady }
    }

    /// Waits until everything up to these positions has been applied, as far as the log still has it.
    /// - Throws: `ViewError.tooLate` after `within`; `.notRead`; `.stopped`; `CancellationError`.
    public func waitFor(_ wanted: [TopicPartition: Int64], within: Duration) async throws {
        for partition in wanted.keys where !projection.topics.contains(partition.topic) {
            throw ViewError.notRead(partition.topic)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await self.progress.wait { positions, _ in
                    wanted.allSatisfy { $0.value <= positions[$0.key] ?? -1 }
                }
            }
            group.addTask { try await self.watch(wanted) }
            group.addTask {
                try await self.time.clock.sleep(for: within)
                let reached = self.positions
                throw ViewError.tooLate(missing: wanted.filter { $0.value > reached[$0.key] ?? -1 })
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Waits until everything has been applied that the log has of the topic at the time of the call.
    /// - Throws: as `waitFor`, and errors of the log.
    public func waitForEnd(of topic: TopicName, within: Duration) async throws {
        var ends: [TopicPartition: Int64] = [:]
        for (partition, end) in try await log.end(of: topic) where end >= 0 {
            ends[TopicPartition(topic: topic, partition: partition)] = end
        }
        try await waitFor(ends, within: within)
    }

    /// Returns when the view has what there is of these positions: the record at one of them may have been removed (an
    /// old tombstone, retention) before the view read it, and will never come.
    private func watch(_ wanted: [TopicPartition: Int64]) async throws {
        while true {
            try await time.clock.sleep(for: limits.readyPoll)
            var isThere = true
            for topic in Set(wanted.keys.map(\.topic)) {
                // An error says nothing; the next look may.
                guard let ends = try? await log.end(of: topic) else {
                    isThere = false
                    break
                }
                let reached = positions
                isThere =
                    isThere
                    && wanted.allSatisfy { partition, position in
                        partition.topic != topic
                            || min(position, ends[partition.partition] ?? -1) <= reached[partition] ?? -1
                    }
            }
            if isThere { return }
        }
    }

    /// Yields after something was applied; several changes may be one. Each caller has its own.
    public func changes() -> AsyncStream<Void> { progress.subscribe() }

    // MARK: Feeding

    private func feed() async throws {
        let state = try await openState()
        progress.started(at: state.positions)
        let shared = ViewCursor(state)
        progress.mustReach(try await ends())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for topic in projection.topics {
                group.addTask { try await self.follow(topic, shared) }
            }
            group.addTask { try await self.watchReadiness() }
            group.addTask { try await self.freshen(shared) }
            group.addTask {
                await self.stopped.wait()
                throw CancellationError()
            }
            defer { group.cancelAll() }
            while try await group.next() != nil {}
        }
    }

    private func openState() async throws -> ViewState {
        let identity = try await outlasting { try await self.log.identity }
        let fresh = ViewState(log: identity, version: projection.version, positions: [:], fedAt: time.now())
        let reason: String
        switch try await outlasting({ try await self.store.load() }) {
        case nil: reason = "empty"
        case let state? where state.log != identity: reason = "another log: \(state.log)"
        case let state? where state.version != projection.version: reason = "version \(state.version)"
        case let state? where time.now().timeIntervalSince(state.fedAt) > limits.rebuildAfter.inSeconds:
            reason = "not fed since \(state.fedAt)"
        case let state?: return state
        }
        logger.info("the view is built from the start", metadata: ["view.reason": "\(reason)"])
        let projection = projection
        try await outlasting { try await self.store.commit(fresh) { try projection.reset(in: $0) } }
        return fresh
    }

    private func ends() async throws -> [TopicPartition: Int64] {
        var ends: [TopicPartition: Int64] = [:]
        for topic in projection.topics {
            for (partition, end) in try await outlasting({ try await self.log.end(of: topic) }) {
                ends[TopicPartition(topic: topic, partition: partition)] = end
            }
        }
        return ends
    }

    /// Repeats while the log or the store is in passing trouble, however long: a view that ends takes its service
    /// along.
    private func outlasting<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch  where mayPass(error) {
                failures += 1
                try await pause(after: failures, error)
            }
        }
    }

    private func mayPass(_ error: any Error) -> Bool {
        if let error = error as? EventLogError { return error.isTransient }
        return store.trouble(in: error) == .passing
    }

    private func pause(after failures: Int, _ error: any Error) async throws {
        logger.warning("the view waits for the log or its store", metadata: ["error.chain": "\(error)"])
        guard let wait = Backoff.untilStopped.delay(after: failures) else { throw error }
        try await time.clock.sleep(for: wait)
    }

    private func watchReadiness() async throws {
        while !progress.isReady {
            try await time.clock.sleep(for: limits.readyPoll)
            progress.mustReach(try await ends())
        }
    }

    private func freshen(_ cursor: ViewCursor) async throws {
        while true {
            try await time.clock.sleep(for: limits.freshenEvery)
            guard progress.isReady else { continue }
            try await outlasting {
                try await self.committing.withLock {
                    try await self.store.commit(cursor.state(fedAt: self.time.now())) { _ in }
                }
            }
        }
    }

    private func follow(_ topic: TopicName, _ cursor: ViewCursor) async throws {
        var failures = 0
        while true {
            do {
                let reader = try await log.read(topic, after: cursor.positions(of: topic))
                do {
                    while let batch = try await reader.next() {
                        try await take(batch, cursor)
                        failures = 0
                    }
                } catch {
                    await reader.close()
                    throw error
                }
                throw EventLogError.closed
            } catch  where mayPass(error) {
                failures += 1
                try await pause(after: failures, error)
            }
        }
    }

    private func take(_ records: [Record], _ cursor: ViewCursor) async throws {
        // A reader may repeat itself; what was applied is not applied again.
        let records = cursor.unseen(records)
        for first in stride(from: 0, to: records.count, by: limits.batchMax) {
            var steps: [ViewStep<P>] = []
            for record in records[first..<min(first + limits.batchMax, records.count)] {
                steps.append(try await step(for: record))
            }
            try await commit(steps, cursor)
        }
    }

    private func step(for record: Record) async throws -> ViewStep<P> {
        switch try await WholeReader(log: log, time: time).assemble(record) {
        case .part, .superseded: return ViewStep(id: record.id, change: .nothing)
        case .broken(let whole, let error): return ViewStep(id: record.id, change: .unreadable(whole, error))
        case .whole(let whole):
            do {
                return ViewStep(id: record.id, change: .apply(whole, try await projection.prepare(whole)))
            } catch let error as CancellationError {
                throw error
            } catch  where mayPass(error) || store.trouble(in: error) != nil {
                throw error
            } catch {
                try Task.checkCancellation()
                return ViewStep(id: record.id, change: .unreadable(whole, error))
            }
        }
    }

    // MARK: Committing

    private func commit(_ steps: [ViewStep<P>], _ cursor: ViewCursor) async throws {
        try await committing.withLock {
            do {
                try await self.store(steps, cursor)
            } catch is ApplyFailure {
                for step in steps { try await self.commitAlone(step, cursor) }
            }
        }
    }

    private func commitAlone(_ step: ViewStep<P>, _ cursor: ViewCursor) async throws {
        do {
            try await store([step], cursor)
        } catch let failure as ApplyFailure {
            guard case .apply(let record, _) = step.change else { throw failure.cause }
            try await store([ViewStep(id: step.id, change: .unreadable(record, failure.cause))], cursor)
        }
    }

    private func store(_ steps: [ViewStep<P>], _ cursor: ViewCursor) async throws {
        var reached: [TopicPartition: Int64] = [:]
        for step in steps { reached[step.id.topicPartition] = step.id.position }
        let unreadable = steps.filter { if case .unreadable = $0.change { true } else { false } }.count
        let projection = projection
        let logger = logger
        let files = store
        CrashPoint.hit(.viewBeforeCommit)
        try await store.commit(cursor.state(reaching: reached, fedAt: time.now())) { transaction in
            for step in steps {
                try step.perform(projection, transaction, logger) { files.trouble(in: $0) == nil }
            }
            CrashPoint.hit(.viewInCommit)
        }
        CrashPoint.hit(.viewAfterCommit)
        cursor.advance(to: reached)
        progress.applied(reached, unreadable: unreadable)
    }
}

/// An `apply` that threw: the batch was undone and is done again record by record.
private struct ApplyFailure: Error {
    let cause: any Error
}

/// What one record does to the rows.
private struct ViewStep<P: Projection>: Sendable {
    enum Change: Sendable {
        case nothing
        case apply(WholeRecord, P.Effect)
        case unreadable(WholeRecord, any Error)
    }

    let id: RecordID
    let change: Change

    func perform(
        _ projection: P, _ transaction: borrowing P.Transaction, _ logger: Logger,
        isOfRecord: (any Error) -> Bool
    ) throws {
        switch change {
        case .nothing: return
        case .unreadable(let record, let error):
            logger.error(
                "a record cannot be read",
                metadata: ["record.id": "\(record.id)", "record.key": "\(record.key)", "error.chain": "\(error)"])
            try projection.unreadable(record, because: error, in: transaction)
        case .apply(let record, let effect):
            do {
                try projection.apply(effect, of: record, in: transaction)
            } catch  where isOfRecord(error) {
                throw ApplyFailure(cause: error)
            }
        }
    }
}
