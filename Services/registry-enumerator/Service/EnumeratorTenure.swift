import EventLogPort
import Events
import Foundation
import Logging
import Model
import RegistryAccess
import ServiceRuntime

/// What the active instance does: takes commands, looks at the schedules, runs enumerations. All of it are children of
/// `run`, which ends when the session does: what is under way is cancelled, and goes on with the next instance.
actor EnumeratorTenure {
    static let lookEvery: Duration = .seconds(5)
    /// Registries that are listed at a time; more wait for their turn.
    static let runsMax = 8
    /// A run that was cut off or failed goes on where it was if it began no longer ago than this.
    static let resumeMaxSeconds: TimeInterval = 24 * 3600
    static let viewWait: Duration = .seconds(600)
    /// How long a command may wait for the record of its registry.
    static let registryWait: Duration = .seconds(30)

    typealias MemoryView = View<EnumeratorProjection, MemoryViewStore<EnumeratorMemory>>

    /// A command that waits for the end of a run, and its record, to be acknowledged after the answer.
    private struct Waiting {
        let command: Command
        let record: RecordID
    }

    private struct Run {
        let registry: Registry
        let startedAt: Date
        var waiting: [Waiting] = []
    }

    private struct SessionEnd: Error {}

    private let session: ActiveSession
    private let view: MemoryView
    private let ports: Ports
    private let registries: any RegistryDirectory
    private let output: EnumeratorOutput
    /// Runs that are under way or in the queue.
    private var runs: [RegistryName: Run] = [:]
    private var queue: [RegistryName] = []
    private let queued = Wake()

    init(session: ActiveSession, view: MemoryView, ports: Ports, registries: any RegistryDirectory) {
        self.session = session
        self.view = view
        self.ports = ports
        self.registries = registries
        output = EnumeratorOutput(session: session, time: ports.time)
    }

    /// - Throws: an error of the log that lasted; `ActiveInstanceError.notActive`; `CancellationError`.
    func run() async throws {
        let (records, mailbox) = AsyncStream.makeStream(of: Record.self)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while let records = try await self.session.next() { records.forEach { mailbox.yield($0) } }
                    throw SessionEnd()
                }
                group.addTask { try await self.work(records) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is SessionEnd {
            // The way in which it ends; the runs are cancelled and have ended.
        }
    }

    private func work(_ records: AsyncStream<Record>) async throws {
        let session = session
        let topics = view.projection.topics
        let ends = try await Backoff.untilStopped.retrying(on: ports.time) { try await session.ends(of: topics) }
        try await view.waitUntilReady()
        try await view.waitFor(ends, within: Self.viewWait)
        let changes = view.changes()
        try standBackIfNewer()
        let book = StatusBook(output, instance: ports.instance, fences: ends)
        try await book.start(from: memory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await record in records { try await self.take(record, book) } }
            group.addTask {
                try await book.defend(self.memory)
                for await _ in changes {
                    try await self.standBackIfNewer()
                    try await book.defend(self.memory)
                }
            }
            group.addTask {
                try await ParkedRecords(
                    of: [RegistryEnumeratorRunner.group], log: self.ports.log, time: self.ports.time,
                    source: Enumeration.source
                ).run()
            }
            group.addTask {
                while true {
                    try await self.look(book)
                    try await self.ports.time.clock.sleep(for: Self.lookEvery)
                }
            }
            for _ in 0..<Self.runsMax {
                group.addTask { while true { try await self.list(try await self.nextRun(), book) } }
            }
            while try await group.next() != nil {}
        }
    }

    /// An older program writes nothing over what a newer one wrote.
    private func standBackIfNewer() throws {
        guard let reason = memory.newer.min(by: { $0.key < $1.key })?.value else { return }
        throw ActiveInstanceError.mustStandBack(reason: reason)
    }

    private var memory: EnumeratorMemory { view.store.read { $0 } }
    private var now: Date { output.now }

    // MARK: Commands

    private func take(_ record: Record, _ book: StatusBook) async throws {
        let command: Command
        do { command = try record.payload(Command.self) } catch {
            try await output.append([
                DeadLetter.draft(for: record, because: error, group: RegistryEnumeratorRunner.group, at: now)
            ])
            return try await session.acknowledge(record.id)
        }
        guard case .enumerate(let name) = command.action else {
            return try await refuse(command, record.id, "the enumerator only lists registries")
        }
        guard let registry = try await registry(name) else {
            return try await refuse(command, record.id, "there is no registry “\(name)”")
        }
        try await enumerate(registry, for: Waiting(command: command, record: record.id), book)
    }

    private func refuse(_ command: Command, _ record: RecordID, _ message: String) async throws {
        try await output.append([try reply(to: command, .failed, message)])
        try await session.acknowledge(record)
    }

    /// The registry may have been written just before the command.
    private func registry(_ name: RegistryName) async throws -> Registry? {
        if let known = memory.registries[name] { return known }
        let session = session
        let ends = try await Backoff.untilStopped.retrying(on: ports.time) {
            try await session.ends(of: [Topics.registries.name])
        }
        do { try await view.waitFor(ends, within: Self.registryWait) } catch ViewError.tooLate {}
        return memory.registries[name]
    }

    /// A command that comes again after its deadline, since an instance ended with it, belongs to the run that it
    /// began: one that is to go on, or that ended after the command was given.
    private func enumerate(_ registry: Registry, for waiting: Waiting, _ book: StatusBook) async throws {
        let status = book.status(of: registry.name)
        let unfinished = status.enumeration.flatMap { $0.finishedAt == nil ? resumable($0) : nil }
        if runs[registry.name] == nil, unfinished == nil, now > waiting.command.deadline {
            guard let finishedAt = status.enumeration?.finishedAt, finishedAt >= waiting.command.issuedAt else {
                return try await refuse(waiting.command, waiting.record, "its deadline passed before it began")
            }
            return try await answer([waiting], with: status)
        }
        start(registry, from: unfinished)
        runs[registry.name]?.waiting.append(waiting)
    }

    private func reply(
        to command: Command, _ state: Reply.State, _ message: String, progress: Reply.Progress? = nil,
        complete: Bool? = nil
    ) throws -> RecordDraft {
        let reply = Reply(
            command: command.id, state: state, message: message, progress: progress, complete: complete, at: now)
        let context = EventContext(
            id: "\(command.id)/\(state.rawValue)/\(progress?.done ?? 0)", source: Enumeration.source, time: now)
        return try RecordDraft(Topics.replies, key: command.id, reply, context)
    }

    private func answer(_ waiting: [Waiting], with status: RegistryStatusRecord) async throws {
        guard !waiting.isEmpty else { return }
        let result = status.enumeration ?? .init(startedAt: now)
        let drafts = try waiting.map { waiting in
            if let failure = status.failure { return try reply(to: waiting.command, .failed, failure.message) }
            return try reply(
                to: waiting.command, .done, Self.summary(result),
                progress: .init(done: result.repositories, total: result.repositories), complete: result.complete)
        }
        try await output.append(drafts)
        for waiting in waiting { try await session.acknowledge(waiting.record) }
    }

    private static func summary(_ result: RegistryStatusRecord.Enumeration) -> String {
        let seen = "\(result.images) images in \(result.repositories) repositories"
        guard let first = result.problems.first else { return seen }
        return "\(seen); \(result.problems.count) problems, the first: \(first)"
    }

    // MARK: Schedules

    private func look(_ book: StatusBook) async throws {
        let memory = memory
        try await book.sweep(memory, except: Set(runs.keys))
        for registry in memory.registries.values.sorted(by: { $0.name < $1.name }) {
            try await lookAtRescan(registry, memory.settings, book)
            try await lookAtEnumeration(registry, book)
        }
    }

    private func lookAtEnumeration(_ registry: Registry, _ book: StatusBook) async throws {
        guard runs[registry.name] == nil else { return }
        let status = book.status(of: registry.name)
        if let last = status.enumeration, last.finishedAt == nil {
            // Cut off by the end of an earlier instance.
            return start(registry, from: resumable(last))
        }
        if let failure = status.failure {
            // Whoever changed the registry may have put right what was wrong.
            if status.failureVersion != registry.version { return start(registry) }
            if let at = failure.nextAttemptAt, at <= now {
                return start(registry, from: status.enumeration.flatMap(resumable))
            }
        }
        let now = now
        var fired = status.enumerationFired
        let isDue = Schedule.fires(registry.enumeration, &fired, now)
        // With the firing, so that a run that is due is not lost with this process.
        let differs = book.update(registry.name) { status in
            status.enumerationFired = fired
            if isDue { status.enumeration = .init(startedAt: now) }
        }
        if isDue { start(registry, from: now) }
        if differs { try await book.write(registry.name) }
    }

    /// The registry's own schedule and that of all registries: due together they make one rescan.
    private func lookAtRescan(_ registry: Registry, _ settings: SettingsRecord, _ book: StatusBook) async throws {
        let now = now
        let status = book.status(of: registry.name)
        var (own, global) = (status.rescanFired, status.globalRescanFired)
        var due: [String] = []
        if Schedule.fires(registry.rescan, &own, now) { due.append("schedule \(registry.name)") }
        if Schedule.fires(settings.rescan, &global, now) { due.append("schedule of all registries") }
        var drafts: [RecordDraft] = []
        if !due.isEmpty {
            let change = Change.rescan(.init(registry: registry.name, reason: due.joined(separator: ", ")))
            let context = output.context("rescan/\(registry.name)")
            drafts = [try RecordDraft(Topics.changes, key: change.key, change, context)]
        }
        let differs = book.update(registry.name) { status in
            status.rescanFired = own
            status.globalRescanFired = global
        }
        if differs { try await book.write(registry.name, with: drafts) }
    }

    // MARK: Runs

    private func resumable(_ run: RegistryStatusRecord.Enumeration) -> Date? {
        now.timeIntervalSince(run.startedAt) < Self.resumeMaxSeconds ? run.startedAt : nil
    }

    /// Puts a run of the registry into the queue, unless there is one.
    private func start(_ registry: Registry, from startedAt: Date? = nil) {
        guard runs[registry.name] == nil else { return }
        runs[registry.name] = Run(registry: registry, startedAt: startedAt ?? now)
        queue.append(registry.name)
        queued.fire()
    }

    private func nextRun() async throws -> RegistryName {
        while queue.isEmpty { try await queued.wait() }
        let name = queue.removeFirst()
        // Several signals are one: the next one wakes whoever else waits.
        if !queue.isEmpty { queued.fire() }
        return name
    }

    private func list(_ name: RegistryName, _ book: StatusBook) async throws {
        guard let run = runs[name] else { return }
        let (registry, startedAt) = (run.registry, run.startedAt)
        let before = book.status(of: name)
        if book.update(name, { $0.enumeration = .init(startedAt: startedAt) }) { try await book.write(name) }
        let attempt = before.failureVersion == registry.version ? (before.failure?.attempt ?? 0) + 1 : 1
        let reader: any RegistryReader
        do { reader = try registries.reader(for: registry) } catch {
            var result = RegistryStatusRecord.Enumeration(startedAt: startedAt)
            result.finishedAt = now
            return try await finish(registry, result, error, attempt, book)
        }
        let store = view.store
        let output = output
        let enumeration = Enumeration(
            registry, reader: reader, startedAt: startedAt,
            context: EventContext(
                id: "enumeration/\(name)/\(startedAt.rfc3339)/\(attempt)", source: Enumeration.source, time: now),
            time: ports.time, known: { store.read { $0 } }, append: { try await output.append($0) },
            report: { try await self.progress(name, $0, $1, $2, book) })
        try await enumeration.run()
        try await finish(registry, await enumeration.result, await enumeration.failure, attempt, book)
    }

    private func progress(
        _ name: RegistryName, _ result: RegistryStatusRecord.Enumeration, _ done: Int, _ total: Int, _ book: StatusBook
    ) async throws {
        let replies = try (runs[name]?.waiting ?? []).map { waiting in
            try reply(
                to: waiting.command, .running, "\(done) of \(total) repositories",
                progress: .init(done: done, total: total))
        }
        if book.update(name, { $0.enumeration = result }) || !replies.isEmpty {
            try await book.write(name, with: replies)
        }
    }

    /// Once it suspends the run is over: a command that comes then gets a run of its own.
    private func finish(
        _ registry: Registry, _ result: RegistryStatusRecord.Enumeration, _ error: (any Error)?, _ attempt: Int,
        _ book: StatusBook
    ) async throws {
        let waiting = runs.removeValue(forKey: registry.name)?.waiting ?? []
        let failure = error.map { RegistryFailure.failure(of: $0, attempt: attempt, now: now) }
        let differs = book.update(registry.name) { status in
            status.enumeration = result
            status.failure = failure
            status.failureVersion = failure == nil ? nil : registry.version
        }
        let status = book.status(of: registry.name)
        if differs { try await book.write(registry.name) }
        try await answer(waiting, with: status)
        ports.logger.info(
            "a registry was listed",
            metadata: [
                "registry.name": "\(registry.name)", "repositories": "\(result.repositories)",
                "images": "\(result.images)", "problems": "\(result.problems.count)", "complete": "\(result.complete)",
            ])
    }
}
