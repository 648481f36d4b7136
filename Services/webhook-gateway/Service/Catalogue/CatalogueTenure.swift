import EventLogPort
import Events
import Foundation
import Logging
import Model
import ServiceRuntime
import Synchronization

/// The changes that a session was handed and has not acknowledged. The log does not hand them out again while the
/// session lasts, so a reading of the state that fails leaves them to the next one.
final class UnfinishedChanges: Sendable {
    private let records = Mutex<[Int64: Record]>([:])

    func add(_ taken: [Record]) {
        records.withLock { records in for record in taken { records[record.position] = record } }
    }

    func remove(_ position: Int64) { records.withLock { $0[position] = nil } }

    /// In the log's order.
    var all: [Record] { records.withLock { $0.values.sorted { $0.position < $1.position } } }
}

/// One reading of the state and everything that is decided with it, until the session ends or an append fails.
final class CatalogueTenure: Sendable {
    static let draftsPerAppendMax = 2_000
    static let sleepMax: Duration = .seconds(30)
    /// Rescans whose record is not acknowledged while their images wait; beyond it they are, and a crash may cut them
    /// short.
    static let openRescansMax = 16

    private struct Memory {
        var state = CatalogueState()
        var fence: TermFence
        /// Keys that could not be read since the tenure began.
        var unreadable: Set<String> = []
        var hasTakenOver = false
        var ticks = 0
        var declaredPools: Set<String> = []
        var openRescans: [Int64: RecordID] = [:]
    }

    private let session: ActiveSession
    private let unfinished: UnfinishedChanges
    private let ports: Ports
    private let inventories: any InventoryDirectory
    private let part: Readiness.Part
    private let memory: Mutex<Memory>
    private let turn = AsyncLock()
    private let wake = Wake()

    init(
        session: ActiveSession, unfinished: UnfinishedChanges, ports: Ports, inventories: any InventoryDirectory,
        part: Readiness.Part
    ) {
        self.session = session
        self.unfinished = unfinished
        self.ports = ports
        self.inventories = inventories
        self.part = part
        memory = Mutex(Memory(fence: TermFence(term: session.term, fences: [:])))
    }

    /// Whether it has read its state and written what was due: the log worked until then.
    var hasTakenOver: Bool { memory.withLock { $0.hasTakenOver } }

    func run() async throws {
        let topics = CatalogueState.ownTopics + CatalogueState.reportTopics
        let ends = try await session.ends(of: topics)
        memory.withLock { $0.fence = TermFence(term: session.term, fences: ends) }
        var readings: [Reading] = []
        do {
            for topic in topics { readings.append(try await load(topic, upTo: ends)) }
            try await takeOver()
            try await lead(readings)
        } catch {
            await close(readings)
            throw error
        }
        await close(readings)
    }

    private func close(_ readings: [Reading]) async { for reading in readings { await reading.reader.close() } }

    private func lead(_ readings: [Reading]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reading in readings { group.addTask { try await self.follow(reading) } }
            group.addTask { try await self.keepTime() }
            group.addTask { try await PartsUpkeep([Topics.inventories.name], ports: self.ports).run() }
            group.addTask {
                try await ParkedRecords(
                    of: [CatalogueRunner.group], log: self.ports.log, time: self.ports.time,
                    source: CatalogueOutbox.source
                ).run()
            }
            group.addTask {
                let left = self.unfinished.all
                if !left.isEmpty { try await self.apply(left) }
                while let records = try await self.session.next() {
                    self.unfinished.add(records)
                    try await self.apply(records)
                }
                throw CatalogueEnd()
            }
            defer { group.cancelAll() }
            do { while try await group.next() != nil {} } catch is CatalogueEnd {}
        }
    }

    private struct CatalogueEnd: Error {}

    private struct Reading: Sendable {
        let topic: TopicName
        let reader: any EventReader
        /// The last record that was taken: a reader may repeat itself.
        let position: Int64
    }

    // MARK: Reading

    private func load(_ topic: TopicName, upTo ends: [TopicPartition: Int64]) async throws -> Reading {
        let end = [0: ends[TopicPartition(topic: topic, partition: 0)] ?? -1]
        let reader = try await ports.log.read(topic, after: [:])
        var reading = ReadToEnd(reader, of: topic, upTo: end, log: ports.log, time: ports.time)
        var position: Int64 = -1
        do {
            while let batch = try await reading.next() {
                for record in batch where record.position > position {
                    position = record.position
                    guard let whole = try await whole(record) else { continue }
                    let now = ports.time.now()
                    try note(whole) { try $0.state.load(whole, now: now) }
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        return Reading(topic: topic, reader: reader, position: position)
    }

    /// The record with its whole value; nil for what says nothing by itself, and for verdicts on names.
    private func whole(_ record: Record) async throws -> WholeRecord? {
        if record.topic == Topics.verdicts.name, memory.withLock({ $0.state.candidates[record.key] }) == nil {
            return nil
        }
        switch try await WholeReader(log: ports.log, time: ports.time).assemble(record) {
        case .part, .superseded: return nil
        case .whole(let whole): return whole
        case .broken(let whole, let error):
            try note(whole) { _ in throw error }
            return nil
        }
    }

    /// A record of the catalogue's that a newer version wrote ends the tenure: an older program must not write over it.
    /// What others report in a newer schema is passed over until this program is replaced, too. Any other that cannot
    /// be read is told, and is replaced when its key is written next.
    private func note(_ record: WholeRecord, _ body: (inout Memory) throws -> Void) throws {
        do { try memory.withLock { try body(&$0) } } catch let error as EventError {
            try meet(error, in: record)
            report(record, error)
        } catch let error as PartsError {
            report(record, error)
        }
    }

    private func meet(_ error: EventError, in record: WholeRecord) throws {
        guard case .newerSchema = error else { return }
        guard CatalogueState.reportTopics.contains(record.id.topic) else {
            throw ActiveInstanceError.mustStandBack(reason: error.description)
        }
        memory.withLock { $0.state.passOver(record) }
    }

    private func report(_ record: WholeRecord, _ error: any Error) {
        ports.logger.error(
            "a record of the catalogue cannot be read",
            metadata: ["record.id": "\(record.id)", "record.key": "\(record.key)", "error.chain": "\(error)"])
        let (unreadable, isLeading) = memory.withLock { memory in
            memory.unreadable.insert("\(record.id.topic)/\(record.key)")
            return (memory.unreadable.count, memory.hasTakenOver)
        }
        if isLeading { tell(unreadable) }
    }

    private func tell(_ unreadable: Int) {
        if unreadable == 0 {
            part.ready()
        } else {
            part.notReady("\(unreadable) records of the catalogue cannot be read")
        }
    }

    private func takeOver() async throws {
        let now = ports.time.now()
        let context = EventContext(id: "catalogue/\(session.term)/start", source: CatalogueOutbox.source, time: now)
        let pools = Set(memory.withLock { $0.state.registries.values.map(\.pool) }).union(["default"])
        for pool in pools { try await declare(pool) }
        try await turn.withLock {
            try await append(memory.withLock { $0.state.takeOver(context: context, now: now) })
        }
        let unreadable = memory.withLock { memory in
            memory.hasTakenOver = true
            return memory.unreadable.count
        }
        tell(unreadable)
        ports.logger.info(
            "the catalogue has read its state",
            metadata: ["images": "\(memory.withLock { $0.state.images.count })", "term": "\(session.term)"])
    }

    // MARK: Deciding

    private func apply(_ records: [Record]) async throws {
        try await turn.withLock {
            let now = ports.time.now()
            var outputs: [CatalogueOutput] = []
            var letters: [RecordDraft] = []
            var finished: [RecordID] = []
            for record in records {
                do {
                    let change = try record.payload(Change.self)
                    outputs += try memory.withLock {
                        try $0.state.apply(change, position: record.position, context: record.context, now: now)
                    }
                    if case .rescan = change, hold(record.id) { continue }
                } catch  where error is EventError || error is CatalogueRefusal {
                    letters.append(letter(record, error, now))
                }
                finished.append(record.id)
            }
            try await append(outputs, letters)
            try await acknowledge(finished + finishedRescans())
        }
        wake.fire()
    }

    private func acknowledge(_ records: [RecordID]) async throws {
        for record in records {
            try await session.acknowledge(record)
            unfinished.remove(record.position)
        }
    }

    /// Whether the record of a rescan is acknowledged later, when its last image was asked for.
    private func hold(_ id: RecordID) -> Bool {
        memory.withLock { memory in
            guard memory.state.rescans[id.position] != nil, memory.openRescans.count < Self.openRescansMax else {
                return false
            }
            memory.openRescans[id.position] = id
            return true
        }
    }

    private func finishedRescans() -> [RecordID] {
        memory.withLock { memory in
            memory.state.takeFinishedRescans().compactMap { memory.openRescans.removeValue(forKey: $0) }
        }
    }

    private func letter(_ record: Record, _ error: any Error, _ now: Date) -> RecordDraft {
        ports.logger.warning(
            "a change became a dead letter", metadata: ["record.id": "\(record.id)", "reason": "\(error)"])
        return DeadLetter.draft(for: record, because: error, group: CatalogueRunner.group, at: now)
    }

    private func append(_ outputs: [CatalogueOutput], _ letters: [RecordDraft] = []) async throws {
        guard !outputs.isEmpty || !letters.isEmpty else { return }
        for output in outputs {
            if case .registry(let registry) = output.effect { try await declare(registry.pool) }
        }
        let drafts = try outputs.flatMap { try $0.drafts() } + letters
        CrashPoint.hit(.catalogueBeforeAppend)
        for first in stride(from: 0, to: drafts.count, by: Self.draftsPerAppendMax) {
            try await session.append(Array(drafts[first..<min(first + Self.draftsPerAppendMax, drafts.count)]))
        }
        CrashPoint.hit(.catalogueAfterAppend)
        for output in outputs { warn(output.effect) }
    }

    /// Once per change of an alarm.
    private func warn(_ effect: CatalogueOutput.Effect) {
        switch effect {
        case .alarm(let alarm):
            ports.logger.warning(
                "an alarm began", metadata: ["alarm": "\(alarm.key)", "reason": "\(alarm.message)"])
        case .dropAlarm(let key): ports.logger.notice("an alarm has ended", metadata: ["alarm": "\(key)"])
        default: break
        }
    }

    private func declare(_ pool: String) async throws {
        guard memory.withLock({ $0.declaredPools.insert(pool).inserted }) else { return }
        try await ports.log.declare(try Topics.Lane.allCases.map { try Topics.scanRequests(pool: pool, $0) })
    }

    // MARK: Following

    private func follow(_ reading: Reading) async throws {
        let isOwn = CatalogueState.ownTopics.contains(reading.topic)
        var position = reading.position
        while let batch = try await reading.reader.next() {
            var reports: [WholeRecord] = []
            for record in batch where record.position > position {
                position = record.position
                if record.isPart { continue }
                if isOwn {
                    try await guardKey(record)
                } else if let whole = try await whole(record) {
                    reports.append(whole)
                }
            }
            if !reports.isEmpty { try await apply(reports: reports) }
        }
    }

    /// A key that an older instance overwrote after the take-over is written again.
    private func guardKey(_ record: Record) async throws {
        let term = record.header(TermFence.header)
        switch memory.withLock({ $0.fence.observe(record.id, key: record.key, term: term) }) {
        case .current: break
        case .newer: throw ActiveInstanceError.notActive(term: session.term)
        case .stale:
            try await turn.withLock {
                let now = ports.time.now()
                var outbox = CatalogueOutbox(
                    cause: EventContext(id: "\(record.id)/again", source: CatalogueOutbox.source, time: now), now: now)
                if let effect = memory.withLock({ $0.state.current(record.topic, key: record.key) }) {
                    outbox.add(effect)
                }
                try await append(outbox.finish([:]))
            }
        }
    }

    /// What came together is written together: many scanners report at once, and each append waits for the brokers.
    private func apply(reports: [WholeRecord]) async throws {
        try await turn.withLock {
            let now = ports.time.now()
            var outputs: [CatalogueOutput] = []
            for report in reports where report.value != nil || report.id.topic == Topics.scanners.name {
                try note(report) { outputs += try $0.state.take(report, now: now) }
            }
            try await append(outputs)
            try await acknowledge(finishedRescans())
        }
        wake.fire()
    }

    // MARK: Time

    private func keepTime() async throws {
        while true {
            let next = memory.withLock { $0.state.nextWake }
            let wait = next.map { Duration.seconds(max(0, $0.timeIntervalSince(ports.time.now()))) } ?? Self.sleepMax
            if wait > .zero {
                try await sleep(min(wait, Self.sleepMax))
                continue
            }
            try await turn.withLock {
                let now = ports.time.now()
                let outputs = memory.withLock { memory in
                    let context = tickContext(&memory, now)
                    return memory.state.tick(context: context, now: now)
                }
                try await append(outputs)
                try await acknowledge(finishedRescans())
            }
            try await removeInventories()
        }
    }

    private func tickContext(_ memory: inout Memory, _ now: Date) -> EventContext {
        memory.ticks += 1
        let id = "catalogue/\(session.term)/tick/\(memory.ticks)"
        return EventContext(id: id, source: CatalogueOutbox.source, time: now)
    }

    /// Inventories whose digest had no name for a week. What belongs to them is looked up while others may write; the
    /// state decides whether they still go.
    private func removeInventories() async throws {
        while true {
            let due = memory.withLock { $0.state.takeOverdue() }
            if due.isEmpty { return }
            var families: [(Digest, InventoryFamily?)] = []
            for digest in due { families.append((digest, try await inventories.family(of: digest))) }
            let found = families
            try await turn.withLock {
                let now = ports.time.now()
                let outputs = memory.withLock { memory in
                    found.flatMap { digest, family in
                        let context = tickContext(&memory, now)
                        return memory.state.removeInventory(of: digest, family, context: context, now: now)
                    }
                }
                try await append(outputs)
            }
        }
    }

    /// Until the time is over or the state changed.
    private func sleep(_ time: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.ports.time.clock.sleep(for: time) }
            group.addTask { try await self.wake.wait() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
