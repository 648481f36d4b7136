import EventLogPort
import Events
import Foundation
import GRDB
import GatewayAPI
import Logging
import Metrics
import Model
import ServiceLifecycle
import ServiceRuntime
import Storage

/// The gateway's copy of what the log says, and the questions that the API asks it.
final class ReadModel: Sendable {
    static let fileName = "webhook-gateway.sqlite"

    let view: View<GatewayProjection, SQLiteViewStore>
    let directory = AccessDirectory()
    private let store: SQLiteViewStore
    private let time: TimeSource

    static func open(_ ports: Ports) async throws -> ReadModel {
        let file = ports.folder.appending(path: fileName)
        let store = try await SQLiteViewStore.open(
            file, version: GatewaySchema.version, logger: ports.logger, schema: GatewaySchema.create)
        let model = ReadModel(store, ports)
        // What was known before a restart serves until the view has caught up: webhooks are taken at once.
        try await model.refreshDirectory()
        return model
    }

    private init(_ store: SQLiteViewStore, _ ports: Ports) {
        self.store = store
        time = ports.time
        view = View(GatewayProjection(), store: store, log: ports.log, time: ports.time, logger: ports.logger)
    }

    var isReady: Bool { view.isReady }

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await store.read(body)
    }

    func close() async { await store.close() }

    // MARK: Following

    /// Keeps the directory current until the task is cancelled or the view ends.
    func followDirectory() async throws {
        let changes = view.changes()
        try await refreshDirectory()
        for await _ in changes { try await refreshDirectory() }
    }

    func refreshDirectory() async throws {
        let known = directory.version
        let content = try await store.read { db -> AccessDirectory.Content? in
            let version = try Int64.fetchOne(db, sql: "SELECT value FROM counter WHERE name = 'directory'") ?? 0
            guard version != known else { return nil }
            var content = AccessDirectory.Content(version: version)
            for document in try StoredDocument.list(Topics.registries, limit: Limits.registriesMax, db) {
                let registry = try document.payload(RegistryRecord.self).registry
                content.registries[registry.name] = registry
            }
            let sql = "SELECT key FROM unreadable WHERE topic = ?"
            let unreadable = try String.fetchAll(db, sql: sql, arguments: [Topics.registries.name.rawValue])
            content.unreadable = Set(unreadable.compactMap { try? RegistryName($0) })
            for document in try StoredDocument.list(Topics.access, limit: Limits.tokensMax, db) {
                let token = try document.payload(TokenRecord.self)
                content.tokens[token.id] = token
            }
            return content
        }
        if let content { directory.replace(content) }
    }

    /// Asks again after each change until there is an answer, the time is over or the service is asked to stop.
    func wait<T: Sendable>(
        within limit: Duration, for answer: @escaping @Sendable () async throws -> T?
    ) async throws -> T? {
        let changes = view.changes()
        if let now = try await answer() { return now }
        guard limit > .zero else { return nil }
        let time = time
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                for await _ in changes {
                    if let found = try await answer() { return found }
                }
                return nil
            }
            group.addTask {
                try await time.clock.sleep(for: limit)
                return nil
            }
            group.addTask {
                try await gracefulShutdown()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// How many records of the log cannot be read: what they said is not known.
    func unreadableCount() async throws -> Int {
        try await read { try Int.fetchOne($0, sql: "SELECT count(*) FROM unreadable") ?? 0 }
    }

    func isAnyUnreadable(_ topic: Topic, _ keys: [String]) async throws -> Bool {
        let sql = "SELECT 1 FROM unreadable WHERE topic = ? AND key = ?"
        return try await read { db in
            try keys.contains { try Row.fetchOne(db, sql: sql, arguments: [topic.name.rawValue, $0]) != nil }
        }
    }

    /// Tells readiness of records that cannot be read, until the task is cancelled or the view ends.
    func followReadability(_ part: Readiness.Part) async throws {
        let changes = view.changes()
        try await view.waitUntilReady()
        try await part.follow(changes) {
            try await measure()
            return try await unreadableCount()
        }
    }

    /// What an operator is told of by numbers.
    private func measure() async throws {
        let alarms = try await documents(Topics.alarms, limit: WatchRoutes.alarmsMax)
        for kind in AlarmRecord.Kind.allCases {
            Gauge(label: "pratique.alarms", dimensions: [("kind", kind.rawValue)])
                .record(alarms.count { $0.key.hasPrefix(kind.rawValue + "/") })
        }
        Gauge(label: "pratique.dead_letters.open").record(try await openLetters())
    }

    // MARK: Documents

    func document(_ topic: Topic, _ key: String) async throws -> StoredDocument? {
        try await store.read { try StoredDocument.find(topic, key, $0) }
    }

    func documents(
        _ topic: Topic, prefix: String = "", after: String = "", limit: Int
    ) async throws -> [StoredDocument] {
        try await store.read { try StoredDocument.list(topic, prefix: prefix, after: after, limit: limit, $0) }
    }

    func payload<Payload: EventPayload>(_ type: Payload.Type, _ topic: Topic, _ key: String) async throws -> Payload? {
        try await store.read { try StoredDocument.find(topic, key, $0)?.payload(type) }
    }

    func journal(
        _ topic: Topic, key: String?, before: Int64 = .max, limit: Int
    ) async throws -> [StoredDocument] {
        try await store.read { try StoredDocument.journal(topic, key: key, before: before, limit: limit, $0) }
    }
}

/// The named maxima of the read side.
enum Limits {
    static let registriesMax = 1_000
    static let tokensMax = 10_000
    static let policiesMax = 1_000
    /// Of one policy, as far as they are shown.
    static let policyVersionsMax = 10_000
    static let pageDefault = 100
    static let pageMax = 1_000
    static let imagesPerRequestMax = 1_000
    static let inventoryBytesMax = 64 << 20
    static let platformsMax = 32
    /// How long a configuration write waits until the read model shows it.
    static let configurationWait = Duration.seconds(5)
    static let waitSecondsMax = 60
    /// How long the log may take for an append before the request is answered 503.
    static let appendWait = Duration.seconds(15)
    static let commandDeadline: TimeInterval = 600
    static let candidateLife: TimeInterval = 7 * 86_400
    /// How long after an upload its candidate is waited for, rather than said not to be there.
    static let candidateArrival: TimeInterval = 900
}
