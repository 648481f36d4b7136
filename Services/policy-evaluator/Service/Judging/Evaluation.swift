import Advisories
import EventLogPort
import Events
import Foundation
import Logging
import Model
import ServiceRuntime
import Storage

/// The work of one term: judging and commands, side by side, until the session ends.
struct Evaluation: Sendable {
    let view: View<EvaluatorProjection, SQLiteViewStore>
    let session: ActiveSession
    let keeper: GenerationKeeper
    let compute: ComputePool
    let fence: OutputFence
    let ports: Ports
    let configuration: EvaluatorConfiguration

    func run() async throws {
        // First to the end of what was written until now, our own output included: then decide.
        let ends = try await session.ends(of: view.projection.topics).filter { $0.value >= 0 }
        let term = session.term
        // Before waiting: what an older instance writes from here on is told from the state that this one starts from.
        let overtaken = try await view.store.change { [fence] _ in fence.begin(term, ends) }
        defer { fence.end() }
        let changes = view.changes()
        try await view.waitFor(ends, within: configuration.viewWait)
        try await standBackIfNewer()
        try await rollForward()
        let wake = Wake()
        let turn = AsyncLock()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await intake(turn).run() }
            group.addTask { try await keepKeys(turn) }
            group.addTask {
                await overtaken.wait()
                throw ActiveInstanceError.notActive(term: term)
            }
            group.addTask { for await _ in view.changes() { wake.fire() } }
            group.addTask {
                while true {
                    try await ports.time.clock.sleep(for: configuration.tick)
                    let now = ports.time.now()
                    try await view.store.change { try EvaluatorRows.markDue(now, $0) }
                    wake.fire()
                }
            }
            group.addTask { try await judge(wake) }
            group.addTask {
                try await PartsUpkeep([Topics.advisories.name, Topics.verdicts.name], ports: ports).run()
            }
            group.addTask {
                for await _ in changes { try await standBackIfNewer() }
                while true { try await ports.time.clock.sleep(for: .seconds(3600)) }
            }
            group.addTask {
                try await ParkedRecords(
                    of: [PolicyEvaluatorRunner.group], log: ports.log, time: ports.time,
                    source: PolicyEvaluatorRunner.name
                ).run()
            }
            // The intake ends with the session; an error of any ends the others.
            defer { group.cancelAll() }
            do { try await group.next() } catch is CancellationError {} catch ActiveInstanceError.notActive {}
        }
        // Overtaken by a newer instance: nothing more is done until the log says so too.
        while session.isActive, (try? await session.next()) != nil {}
    }

    /// An older program writes nothing over what a newer one wrote.
    private func standBackIfNewer() async throws {
        guard let reason = try await view.store.read({ try EvaluatorRows.newerOutput($0) }) else { return }
        throw ActiveInstanceError.mustStandBack(reason: reason)
    }

    private func keepKeys(_ turn: AsyncLock) async throws {
        let keys = OverwrittenKeys(
            view: view, session: session, turn: turn, configuration: configuration, time: ports.time,
            logger: ports.logger)
        let backoff = Backoff(attemptsMax: 20)
        var failures = 0
        let wake = Wake()
        wake.fire()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in view.changes() { wake.fire() } }
            defer { group.cancelAll() }
            while session.isActive {
                try await wake.wait()
                do {
                    try await keys.restore()
                    failures = 0
                } catch let error where Self.mayPass(error) {
                    failures += 1
                    guard let wait = backoff.delay(after: failures) else { throw error }
                    try await ports.time.clock.sleep(for: wait)
                    wake.fire()
                }
            }
        }
    }

    /// Ends an import that ended between its generation and `active`: its records are whole, and they have taken the
    /// place of those of the generation before, which the log may hold no longer.
    private func rollForward() async throws {
        guard let (record, end) = try await view.store.read({ try AdvisoryRows.ahead($0) }) else { return }
        let now = ports.time.now().milliseconds
        let context = EventContext(
            id: "active-\(record.number)/\(session.term)", source: PolicyEvaluatorRunner.name, time: now)
        let places = try await session.append([
            try RecordDraft(
                Topics.generations, key: GenerationRecord.activeKey, record, context,
                headers: [GenerationHeader.end(end)])
        ])
        ports.logger.info(
            "the generation of an interrupted import is put in force", metadata: ["generation": "\(record.number)"])
        try await reach(places.last)
    }

    private func reach(_ place: RecordID?) async throws {
        guard let place else { return }
        try await view.waitFor([place.topicPartition: place.position], within: configuration.viewWait)
    }

    private func intake(_ turn: AsyncLock) -> CommandIntake {
        CommandIntake(
            session: session, log: ports.log, turn: turn,
            importer: AdvisoryImporter(
                keeper: keeper, view: view, compute: compute, transport: ports.transport, folder: ports.folder,
                configuration: configuration, time: ports.time),
            rollback: Rollback(keeper: keeper, view: view, compute: compute, time: ports.time), time: ports.time,
            logger: ports.logger)
    }

    // MARK: Judging

    private func judge(_ wake: Wake) async throws {
        let pass = JudgingPass(
            view: view, session: session, compute: compute, cache: MatchCache(capacity: configuration.cachedMatchesMax),
            configuration: configuration, time: ports.time, logger: ports.logger)
        let backoff = Backoff(attemptsMax: 20)
        var failures = 0
        var passes = FullPasses()
        while session.isActive {
            do {
                try await passes.noteBefore(view)
                let keeper = keeper
                let written = try await pass.run {
                    try await keeper.follow()
                }
                if written > 0 { ports.logger.info("judged", metadata: ["verdicts": "\(written)"]) }
                if let mark = try await passes.due(view, await keeper.current?.set) { try await write(mark, pass) }
                failures = 0
                try await wake.wait()
            } catch let error where Self.mayPass(error) {
                failures += 1
                var random = SystemRandomNumberGenerator()
                guard let wait = backoff.delay(after: failures, using: &random) else { throw error }
                ports.logger.warning("judging waits for the log", metadata: ["error.chain": "\(error)"])
                try await ports.time.clock.sleep(for: wait)
            } catch ActiveInstanceError.notActive {
                return
            }
        }
    }

    private static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case let error as EventLogError: error.isTransient
        case let error as ViewError: error.isTransient
        case is GenerationError: true
        default: false
        }
    }

    /// `_judged`: after the last difference of a full pass was acknowledged.
    private func write(_ mark: FullPasses.Mark, _ pass: JudgingPass) async throws {
        let now = try await pass.now()
        let record = JudgedRecord(generation: mark.generation, images: mark.images, judgedAt: now)
        let context = EventContext(
            id: "judged/\(session.term)/\(mark.generation ?? 0)/\(now.rfc3339)", source: PolicyEvaluatorRunner.name,
            time: now)
        let places = try await session.append([
            try RecordDraft(Topics.verdicts, key: JudgedRecord.key, record, context)
        ])
        try await reach(places.last)
    }
}
