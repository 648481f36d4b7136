import EventLogPort
import Synchronization

/// A log that can be out of reach for webhooks.
final class SwitchedLog: EventLog {
    private let inner: any EventLog
    private let isDown = Mutex(false)

    init(_ inner: any EventLog) { self.inner = inner }

    func goDown() { isDown.withLock { $0 = true } }
    func comeBack() { isDown.withLock { $0 = false } }

    var identity: LogIdentity { get async throws { try await inner.identity } }
    func declare(_ topics: [Topic]) async throws { try await inner.declare(topics) }
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        if isDown.withLock({ $0 }) { throw EventLogError.unavailable(reason: "switched off") }
        return try await inner.append(drafts)
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await inner.read(topic, after: positions)
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] { try await inner.end(of: topic) }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await inner.join(group, topics: topics)
    }
    func close() async { await inner.close() }
}
