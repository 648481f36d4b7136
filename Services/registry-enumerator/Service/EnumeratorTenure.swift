import EventLogPort
import Events
import Foundation
import Logging
import Model
import RegistryAccess
import ServiceRuntime

/// What the active instance does: takes commands, looks at the schedules, runs enumerations.
actor EnumeratorTenure {
    static let lookEvery: Duration = .seconds(5)
    /// Registries that are listed at a time.
    static let runsMax = 8

    private let session: ActiveSession
    private let store: MemoryViewStore<EnumeratorMemory>
    private let ports: Ports
    private let registries: any RegistryDirectory
    /// What this instance wrote last, ahead of the view.
    private var own: [RegistryName: RegistryStatusRecord] = [:]
    private var runs: [RegistryName: Task<Void, any Error>] = [:]
    private var lastWrite: Task<Void, any Error>?
    /// Who waits for a run: commands to answer.
    private var commands: [RegistryName: [Command]] = [:]

    init(
        session: ActiveSession, store: MemoryViewStore<EnumeratorMemory>, ports: Ports,
        registries: any RegistryDirectory
    ) {
        self.session = session
        self.store = store
        self.ports = ports
        self.registries = registries
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await withThrowingDiscardingTaskGroup { handling in
                    while let records = try await self.session.next() {
                        for record in records { handling.addTask { try await self.take(record) } }
                    }
                    handling.cancelAll()
                }
                return true
            }
            group.addTask {
                while true {
                    try await self.look()
                    try await self.ports.time.clock.sleep(for: Self.lookEvery)
                }
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
        for run in runs.values { run.cancel() }
    }

    // MARK: Commands

    private func take(_ record: Record) async throws {
        let command: Command
        do { command = try record.payload(Command.self) } catch {
            let whole = WholeRecord(
                id: record.id, key: record.key, value: record.value, headers: record.headers,
                appendedAt: record.appendedAt)
            try await append([
                DeadLetter.draft(
                    for: whole, topic: Topics.deadLetters.name, group: RegistryEnumeratorRunner.group,
                    reason: "\(error)",
                    attempts: 1, at: now)
            ])
            return try await session.acknowledge(record.id)
        }
        if case .enumerate(let name) = command.action {
            try await enumerate(name, for: command)
        } else {
            try await reply(command, .failed, "the enumerator only lists registries")
        }
        try await session.acknowledge(record.id)
    }

    private func enumerate(_ name: RegistryName, for command: Command) async throws {
        guard now <= command.deadline else {
            return try await reply(command, .failed, "its deadline passed before it began")
        }
        guard let registry = store.read({ $0.registries[name] }) else {
            return try await reply(command, .failed, "there is no registry “\(name)”")
        }
        commands[name, default: []].append(command)
        try await start(registry).value
    }

    private func reply(
        _ command: Command, _ state: Reply.State, _ message: String, _ progress: Reply.Progress? = nil
    ) async throws {
        let reply = Reply(command: command.id, state: state, message: message, progress: progress, at: now)
        let context = EventContext(
            id: "\(command.id)/\(state.rawValue)/\(progress?.done ?? 0)", source: Enumeration.source, time: now)
        try await append([try RecordDraft(Topics.replies, key: command.id, reply, context)])
    }

    // MARK: Schedules

    private func look() async throws {
        let memory = store.read { $0 }
        for registry in memory.registries.values.sorted(by: { $0.name < $1.name }) {
            try await lookAtRescan(registry, memory.settings)
            try await lookAtEnumeration(registry)
        }
    }

    private func lookAtEnumeration(_ registry: Registry) async throws {
        guard runs[registry.name] == nil, runs.count < Self.runsMax else { return }
        var status = status(of: registry.name)
        if let last = status.enumeration, last.finishedAt == nil {
            // Cut off by the end of an earlier instance.
            return start(registry, from: last.startedAt).discard()
        }
        if let at = status.failure?.nextAttemptAt, at <= now, status.failure?.kind != .unauthorized {
            return start(registry).discard()
        }
        guard let schedule = registry.enumeration else { return }
        guard let fired = status.enumerationFiredAt else {
            // From now on; the first time is due when it comes.
            status.enumerationFiredAt = now
            return try await write(status)
        }
        guard let due = schedule.next(after: fired), due <= now else { return }
        status.enumerationFiredAt = now
        try await write(status)
        start(registry).discard()
    }

    /// The registry's own schedule and that of all registries: due together they make one rescan.
    private func lookAtRescan(_ registry: Registry, _ settings: SettingsRecord) async throws {
        let schedules = [
            ("schedule \(registry.name)", registry.rescan), ("schedule of all registries", settings.rescan),
        ]
        .compactMap { name, schedule in schedule.map { (name, $0) } }
        guard !schedules.isEmpty else { return }
        var status = status(of: registry.name)
        guard let fired = status.rescanFiredAt else {
            status.rescanFiredAt = now
            return try await write(status)
        }
        let due = schedules.filter { _, schedule in schedule.next(after: fired).map { $0 <= now } ?? false }
        guard !due.isEmpty else { return }
        status.rescanFiredAt = now
        let change = Change.rescan(.init(registry: registry.name, reason: due.map(\.0).joined(separator: ", ")))
        let context = EventContext(
            id: "rescan/\(registry.name)/\(now.rfc3339)", source: Enumeration.source, time: now)
        try await write(status, with: [try RecordDraft(Topics.changes, key: change.key, change, context)])
    }

    // MARK: Runs

    /// The run of a registry, the one under way or a new one.
    private func start(_ registry: Registry, from: Date? = nil) -> Task<Void, any Error> {
        if let running = runs[registry.name] { return running }
        let startedAt = (from ?? now).milliseconds
        let task = Task {
            do {
                try await self.list(registry, startedAt: startedAt)
                self.runs[registry.name] = nil
            } catch {
                self.runs[registry.name] = nil
                self.commands[registry.name] = nil
                throw error
            }
        }
        runs[registry.name] = task
        return task
    }

    private func list(_ registry: Registry, startedAt: Date) async throws {
        let name = registry.name
        let attempt = (status(of: name).failure?.attempt ?? 0) + 1
        let reader: any RegistryReader
        do { reader = try registries.reader(for: registry) } catch {
            var result = RegistryStatusRecord.Enumeration(startedAt: startedAt)
            result.finishedAt = now
            return try await finish(name, result, error, attempt)
        }
        let store = store
        let run = Enumeration(
            registry, reader: reader, startedAt: startedAt,
            context: EventContext(
                id: "enumeration/\(name)/\(startedAt.rfc3339)", source: Enumeration.source, time: now),
            time: ports.time, known: { store.read { $0 } }, append: { try await self.append($0) },
            report: { try await self.progress(name, $0, $1, $2) })
        try await run.run()
        try await finish(name, await run.result, await run.failure, attempt)
    }

    private func progress(
        _ name: RegistryName, _ result: RegistryStatusRecord.Enumeration, _ done: Int, _ total: Int
    ) async throws {
        var status = status(of: name)
        status.enumeration = result
        try await write(status)
        for command in commands[name] ?? [] {
            try await reply(
                command, .running, "\(done) of \(total) repositories", Reply.Progress(done: done, total: total))
        }
    }

    private func finish(
        _ name: RegistryName, _ result: RegistryStatusRecord.Enumeration, _ error: (any Error)?, _ attempt: Int
    ) async throws {
        var status = status(of: name)
        status.enumeration = result
        status.failure = error.map { RegistryFailure.failure(of: $0, attempt: attempt, now: now) }
        try await write(status)
        let waiting = commands.removeValue(forKey: name) ?? []
        let progress = Reply.Progress(done: result.repositories, total: result.repositories)
        for command in waiting {
            if let failure = status.failure {
                try await reply(command, .failed, failure.message)
            } else {
                let problems = result.problems.isEmpty ? "" : ", \(result.problems.count) problems"
                try await reply(
                    command, .done, "\(result.images) images in \(result.repositories) repositories\(problems)",
                    progress)
            }
        }
        ports.logger.info(
            "a registry was listed",
            metadata: [
                "registry.name": "\(name)", "repositories": "\(result.repositories)", "images": "\(result.images)",
                "problems": "\(result.problems.count)", "complete": "\(result.complete)",
            ])
    }

    // MARK: Writing

    private var now: Date { ports.time.now().milliseconds }

    private func status(of name: RegistryName) -> RegistryStatusRecord {
        own[name] ?? store.read { $0.status(of: name, instance: ports.instance) }
    }

    /// One write after the other, each with what is newest then: a late one must not put an older status last.
    private func write(_ status: RegistryStatusRecord, with drafts: [RecordDraft] = []) async throws {
        let name = status.registry
        own[name] = status
        let previous = lastWrite
        let task = Task {
            _ = await previous?.result
            try await self.append(drafts + [try self.draft(self.own[name] ?? status)])
        }
        lastWrite = task
        try await task.value
    }

    private func draft(_ status: RegistryStatusRecord) throws -> RecordDraft {
        let key = EnumeratorMemory.statusKey(status)
        let context = EventContext(id: "status/\(key)/\(now.rfc3339)", source: Enumeration.source, time: now)
        return try RecordDraft(Topics.registryStatus, key: key, status, context)
    }

    private func append(_ drafts: [RecordDraft]) async throws {
        CrashPoint.hit(.enumeratorBeforeAppend)
        let session = session
        try await Backoff().retrying(on: ports.time) { _ = try await session.append(drafts) }
        CrashPoint.hit(.enumeratorAfterAppend)
    }
}

extension Task {
    /// The run goes on by itself; its result is in the registry's status.
    fileprivate func discard() {}
}
