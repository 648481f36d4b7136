public import EventLogPort
import Events
import Testing

/// A log that lets a service do what its access control list lets it, so that every test of the service shows that the
/// list is enough.
public struct AccessLog: EventLog {
    private let inner: any EventLog
    private let access: TopicAccess

    /// - Throws: `EventLogError`; there must be a list for the service.
    public init(_ inner: any EventLog, service: String, pools: [String] = ["default"]) throws {
        self.inner = inner
        access = try #require(try TopicAccess.all(pools: pools).first { $0.service == service })
    }

    private func check(_ topic: TopicName, in allowed: [Topic], _ what: String) throws(EventLogError) {
        if allowed.contains(where: { $0.name == topic }) { return }
        Issue.record("\(access.service) may not \(what) \(topic): see TopicAccess")
        throw .failed(reason: "\(access.service) may not \(what) \(topic)")
    }

    public var identity: LogIdentity { get async throws { try await inner.identity } }

    public func declare(_ topics: [Topic]) async throws { try await inner.declare(topics) }

    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        for draft in drafts { try check(draft.topic, in: access.writes, "write to") }
        return try await inner.append(drafts)
    }

    public func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try check(topic, in: access.reads, "read")
        return try await inner.read(topic, after: positions)
    }

    public func end(of topic: TopicName) async throws -> [Int: Int64] { try await inner.end(of: topic) }

    public func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        for topic in topics { try check(topic, in: access.reads, "read") }
        let isOwn = access.groups.contains { name in
            name.hasSuffix("*") ? group.rawValue.hasPrefix(name.dropLast()) : name == group.rawValue
        }
        if !isOwn { Issue.record("\(access.service) may not join \(group): see TopicAccess") }
        return try await inner.join(group, topics: topics)
    }

    public func close() async { await inner.close() }
}
