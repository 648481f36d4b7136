import EventLogPort
import Events
import Foundation
import Synchronization

/// Stops the first answer that says `done` just before it is written.
final class ReplyGate: Sendable {
    private let gate = Gate()
    private let reached = Mutex(false)

    var isReached: Bool { reached.withLock { $0 } }
    func open() { gate.open() }

    func pass(_ drafts: [RecordDraft]) async {
        let isAnswer = drafts.contains { draft in
            guard draft.topic == Topics.replies.name else { return false }
            let id = RecordID(topic: draft.topic, partition: 0, position: 0)
            let record = Record(
                id: id, key: draft.key, value: draft.value, headers: draft.headers, appendedAt: .distantPast)
            return (try? record.payload(Reply.self))?.state == .done
        }
        let isFirst = reached.withLock { reached in
            defer { reached = reached || isAnswer }
            return isAnswer && !reached
        }
        guard isFirst else { return }
        await gate.wait()
    }
}

/// A log with that gate before it.
struct GatedLog: EventLog {
    let log: any EventLog
    let gate: ReplyGate

    var identity: LogIdentity { get async throws { try await log.identity } }
    func declare(_ topics: [Topic]) async throws { try await log.declare(topics) }
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        await gate.pass(drafts)
        return try await log.append(drafts)
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try await log.read(topic, after: positions)
    }
    func end(of topic: TopicName) async throws -> [Int: Int64] { try await log.end(of: topic) }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try await log.join(group, topics: topics)
    }
    func close() async { await log.close() }
}
