import EventLogPort
import Synchronization

/// A log whose topics are declared by the first call that reaches it, so that services start while the log is away: the
/// gateway takes webhooks into its spool from the first moment.
///
/// **Promises**: nothing is asked of the log, and nothing appended to it, before its topics are there and as declared.
/// Until then calls fail as `declare` does, the calls of one moment with one attempt.
final class DeclaringLog: EventLog {
    private enum State {
        case open
        case declaring(Task<Void, any Error>)
        case declared
    }

    private let inner: any EventLog
    private let topics: [Topic]
    private let state = Mutex(State.open)

    init(_ inner: any EventLog, topics: [Topic]) {
        self.inner = inner
        self.topics = topics
    }

    /// Declares the topics, if no call has yet.
    /// - Throws: as `EventLog.declare`.
    func ready() async throws {
        let attempt = state.withLock { state -> Task<Void, any Error>? in
            switch state {
            case .declared: return nil
            case .declaring(let task): return task
            case .open:
                let task = Task { try await self.declareAll() }
                state = .declaring(task)
                return task
            }
        }
        try await attempt?.value
    }

    private func declareAll() async throws {
        do {
            try await inner.declare(topics)
            state.withLock { $0 = .declared }
        } catch {
            state.withLock { $0 = .open }
            throw error
        }
    }

    var identity: LogIdentity {
        get async throws {
            try await ready()
            return try await inner.identity
        }
    }

    func declare(_ topics: [Topic]) async throws {
        try await ready()
        try await inner.declare(topics)
    }

    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        try await ready()
        return try await inner.append(drafts)
    }

    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await ready()
        return try await inner.read(topic, after: positions)
    }

    func end(of topic: TopicName) async throws -> [Int: Int64] {
        try await ready()
        return try await inner.end(of: topic)
    }

    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await ready()
        return try await inner.join(group, topics: topics)
    }

    func close() async { await inner.close() }
}
