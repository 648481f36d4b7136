import EventLogPort
import Synchronization

/// A log that refuses large values on some topics, or keeps what was written to a topic from its readers for a while.
final class SwitchedLog: EventLog {
    private struct State {
        var refusing: Set<TopicName> = []
        var held: [TopicName: [CheckedContinuation<Void, Never>]] = [:]
        var endsAsked: [TopicName: Int] = [:]
    }

    let inner: any EventLog
    private let state = Mutex(State())

    init(_ inner: any EventLog) { self.inner = inner }

    func refuse(_ topic: TopicName, _ refuses: Bool = true) {
        state.withLock { _ = refuses ? $0.refusing.insert(topic).inserted : $0.refusing.remove(topic) != nil }
    }

    /// Readers get what they are waiting for already, and nothing later until `release`.
    func hold(_ topic: TopicName) { state.withLock { $0.held[topic] = $0.held[topic] ?? [] } }
    func release(_ topic: TopicName) {
        let waiting = state.withLock { $0.held.removeValue(forKey: topic) ?? [] }
        for continuation in waiting { continuation.resume() }
    }
    func endsAsked(of topic: TopicName) -> Int { state.withLock { $0.endsAsked[topic] ?? 0 } }

    fileprivate func pass(_ topic: TopicName) async {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { $0.held[topic]?.append(continuation) != nil }
            if !isHeld { continuation.resume() }
        }
    }

    var identity: LogIdentity { get async throws { try await inner.identity } }
    func declare(_ topics: [Topic]) async throws { try await inner.declare(topics) }
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        let refusing = state.withLock { $0.refusing }
        if let draft = drafts.first(where: { refusing.contains($0.topic) }) {
            throw EventLogError.valueTooLarge(topic: draft.topic, key: draft.key, bytes: 1 << 30)
        }
        return try await inner.append(drafts)
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        HeldReader(log: self, topic: topic, inner: try await inner.read(topic, after: positions))
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] {
        state.withLock { $0.endsAsked[topic, default: 0] += 1 }
        return try await inner.end(of: topic)
    }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await inner.join(group, topics: topics)
    }
    func close() async { await inner.close() }
}

private struct HeldReader: EventReader {
    let log: SwitchedLog
    let topic: TopicName
    let inner: any EventReader

    func next() async throws -> [Record]? {
        let records = try await inner.next()
        await log.pass(topic)
        return records
    }
    func close() async { await inner.close() }
}
