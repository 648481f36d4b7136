public import EventLogPort
import Synchronization

/// A log that a test can put out of reach: every call fails then, those of open readers and members too (or of all but
/// the members).
public final class OutageLog: EventLog {
    private let inner: any EventLog
    private struct State {
        var isDown = false
        var sparesMembers = false
    }

    private let state = Mutex(State())

    public init(_ inner: any EventLog) { self.inner = inner }

    public func goDown(sparingMembers: Bool = false) {
        state.withLock { $0 = State(isDown: true, sparesMembers: sparingMembers) }
    }
    public func comeBack() { state.withLock { $0 = State() } }

    fileprivate func check(member: Bool = false) throws(EventLogError) {
        if state.withLock({ $0.isDown && !(member && $0.sparesMembers) }) { throw .unavailable(reason: "out of reach") }
    }

    public var identity: LogIdentity {
        get async throws {
            try check()
            return try await inner.identity
        }
    }

    public func declare(_ topics: [Topic]) async throws {
        try check()
        try await inner.declare(topics)
    }

    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        try check()
        return try await inner.append(drafts)
    }

    public func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try check()
        return Reader(log: self, inner: try await inner.read(topic, after: positions))
    }

    public func end(of topic: TopicName) async throws -> [Int: Int64] {
        try check()
        return try await inner.end(of: topic)
    }

    public func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try check()
        return Member(log: self, inner: try await inner.join(group, topics: topics))
    }

    public func close() async { await inner.close() }

    private struct Reader: EventReader {
        let log: OutageLog
        let inner: any EventReader

        func next() async throws -> [Record]? {
            try log.check()
            return try await inner.next()
        }
        func close() async { await inner.close() }
    }

    private struct Member: GroupMember {
        let log: OutageLog
        let inner: any GroupMember

        func next() async throws -> GroupStep? {
            try log.check(member: true)
            return try await inner.next()
        }
        func acknowledge(_ record: RecordID) async throws {
            try log.check(member: true)
            try await inner.acknowledge(record)
        }
        func leave() async { await inner.leave() }
    }
}
