import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import Synchronization

/// The statuses of registries, of which the active instance is the only writer: one key a registry, whoever wrote it
/// before.
///
/// It starts from what the topic says at the take-over and is then ahead of the view. A key that an older instance
/// overwrote after that is written again.
final class StatusBook: Sendable {
    private struct State {
        var held: [RegistryName: RegistryStatusRecord] = [:]
        var fence: TermFence
        /// The positions up to which keys were looked at.
        var defended: [String: Int64] = [:]
    }

    private let output: EnumeratorOutput
    private let instance: String
    private let state: Mutex<State>
    private let turn = AsyncLock()

    /// - Parameter fences: the ends read at the take-over.
    init(_ output: EnumeratorOutput, instance: String, fences: [TopicPartition: Int64]) {
        self.output = output
        self.instance = instance
        state = Mutex(State(fence: TermFence(term: output.session.term, fences: fences)))
    }

    /// Takes over what is known, as one key a registry.
    func start(from memory: EnumeratorMemory) async throws {
        let written = memory.statuses.values.compactMap { entry in
            entry.status.map { (term: Int64(entry.term ?? "") ?? -1, status: $0) }
        }
        for (name, found) in Dictionary(grouping: written, by: \.status.registry) where memory.exists(name) {
            let status = Self.fold(found)
            state.withLock { $0.held[name] = status }
            if memory.statuses[Self.key(name)]?.status != status { try await write(name) }
        }
        let stray = memory.statuses.filter { key, entry in entry.status.map { Self.key($0.registry) != key } ?? false }
        try await output.append(stray.keys.sorted().map { output.tombstone(Topics.registryStatus, $0) })
    }

    /// The run is that of the newest term, a finished one before an unfinished one; the firings are the latest.
    static func fold(_ found: [(term: Int64, status: RegistryStatusRecord)]) -> RegistryStatusRecord {
        func rank(_ entry: (term: Int64, status: RegistryStatusRecord)) -> (Int64, Int, Date) {
            let run = entry.status.enumeration
            return (entry.term, run?.finishedAt == nil ? 0 : 1, run?.startedAt ?? .distantPast)
        }
        let ranked = found.sorted { rank($0) < rank($1) }.map(\.status)
        precondition(!ranked.isEmpty)
        var status = ranked[ranked.count - 1]
        status.enumerationFired = ranked.compactMap(\.enumerationFired).max { $0.at < $1.at }
        status.rescanFired = ranked.compactMap(\.rescanFired).max { $0.at < $1.at }
        status.globalRescanFired = ranked.compactMap(\.globalRescanFired).max { $0.at < $1.at }
        return status
    }

    func status(of name: RegistryName) -> RegistryStatusRecord {
        state.withLock { $0.held[name] } ?? RegistryStatusRecord(registry: name, instance: instance)
    }

    /// Changes what is held; it is not written yet.
    /// - Returns: whether it differs.
    func update(_ name: RegistryName, _ body: (inout RegistryStatusRecord) -> Void) -> Bool {
        state.withLock { state in
            let before = state.held[name] ?? RegistryStatusRecord(registry: name, instance: instance)
            var status = before
            body(&status)
            guard status != before else { return false }
            status.instance = instance
            state.held[name] = status
            return true
        }
    }

    /// Writes what is held, together with the drafts. One write after the other, each with what is newest then: a late
    /// one must not put an older status last.
    func write(_ name: RegistryName, with drafts: [RecordDraft] = []) async throws {
        try await turn.withLock { try await output.append(drafts + [try draft(of: name)]) }
    }

    private func draft(of name: RegistryName) throws -> RecordDraft {
        let key = Self.key(name)
        guard let status = state.withLock({ $0.held[name] }) else {
            return output.tombstone(Topics.registryStatus, key)
        }
        return try RecordDraft(Topics.registryStatus, key: key, status, output.context("status/\(key)"))
    }

    // MARK: Upkeep

    /// Removes statuses and marks of registries that are no more.
    func sweep(_ memory: EnumeratorMemory, except busy: Set<RegistryName>) async throws {
        func isGone(_ name: RegistryName) -> Bool { !memory.exists(name) && !busy.contains(name) }
        let gone = state.withLock { state in
            let gone = Set(state.held.keys.filter(isGone))
            for name in gone { state.held[name] = nil }
            return gone
        }
        let written = memory.statuses.values.compactMap(\.status?.registry).filter(isGone)
        for name in gone.union(written).sorted() { try await write(name) }
        let marks = memory.marks.filter { isGone($0.value.registry) }.keys.sorted()
        try await output.append(marks.map { output.tombstone(Topics.crawlMarks, $0) })
    }

    /// Writes keys again that an older instance overwrote.
    /// - Throws: `ActiveInstanceError.notActive` when a newer instance has written.
    func defend(_ memory: EnumeratorMemory) async throws {
        for (key, entry) in memory.statuses.sorted(by: { $0.value.id.position < $1.value.id.position }) {
            let judgement: TermFence.Judgement? = state.withLock { state in
                guard entry.id.position > state.defended[key] ?? -1 else { return nil }
                state.defended[key] = entry.id.position
                return state.fence.observe(entry.id, key: key, term: entry.term)
            }
            switch judgement {
            case nil, .current?: continue
            case .newer?: throw ActiveInstanceError.notActive(term: output.session.term)
            case .stale?:
                let names = state.withLock { Array($0.held.keys) }
                if let name = names.first(where: { Self.key($0) == key }) {
                    try await write(name)
                } else if entry.status != nil {
                    try await output.append([output.tombstone(Topics.registryStatus, key)])
                }
            }
        }
    }

    static func key(_ name: RegistryName) -> String {
        RegistryStatusRecord.key(name, RegistryEnumeratorRunner.name)
    }
}

/// What the active instance writes, with its term.
struct EnumeratorOutput: Sendable {
    let session: ActiveSession
    let time: TimeSource

    var now: Date { time.now().milliseconds }

    /// Waits for a log that is away, until it is cancelled.
    func append(_ drafts: [RecordDraft]) async throws {
        guard !drafts.isEmpty else { return }
        CrashPoint.hit(.enumeratorBeforeAppend)
        let session = session
        try await Backoff.untilStopped.retrying(on: time) { _ = try await session.append(drafts) }
        CrashPoint.hit(.enumeratorAfterAppend)
    }

    func context(_ id: String) -> EventContext {
        EventContext(id: "\(id)/\(now.rfc3339)", source: Enumeration.source, time: now)
    }

    func tombstone(_ topic: Topic, _ key: String) -> RecordDraft {
        .tombstone(topic, key: key, context("drop/\(topic.name)/\(key)"))
    }
}
