import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Logging
import Model
import RegistryEnumeratorService
import ServiceRuntime
import TestSupport

/// The enumerator over a log of its own, with a clock in the test's hand. There is no catalogue: what is told to it is
/// looked at.
final class EnumeratorFixture: Sendable {
    let folder: TestFolder
    let clock: ManualClock
    let log: any EventLog
    let registries = FakeRegistries()
    let readiness = Readiness()
    let lines = LogLines()

    init(_ start: String = "2026-05-01T01:00:00Z", over wrap: (any EventLog) -> any EventLog = { $0 }) async throws {
        guard let date = Date(rfc3339: start) else { throw DeadlinePassed(what: "a date in \(start)") }
        folder = try TestFolder()
        clock = ManualClock(start: date)
        log = wrap(try await openTestLog(in: folder))
        try await log.declare(Topics.fixed)
    }

    var now: Date { clock.time.now() }
    private var context: EventContext { EventContext(id: "test", source: "test", time: now) }

    /// Runs an instance while the body lasts, then stops it.
    func running<T: Sendable>(
        _ instance: String = "e1", _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let service = try service(instance)
        let task = Task { try await service.run() }
        let result: Result<T, any Error>
        do {
            try await untilWorking()
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        task.cancel()
        _ = try await withDeadline("the enumerator ends") { try? await task.value }
        return try result.get()
    }

    /// Until a command is answered, so that the clock does not run while the instance still reads.
    private func untilWorking() async throws {
        let id = UUID().uuidString
        try await command(id, "nobody")
        try await eventually("the enumerator works") { try await self.reply(id) != nil }
    }

    func service(_ instance: String) throws -> RegistryEnumeratorRunner {
        let ports = Ports(
            log: try AccessLog(log, service: RegistryEnumeratorRunner.name), transport: PoisonedTransport(),
            time: clock.time, folder: folder.url, instance: instance,
            logger: Logger(label: "test") { [lines] _ in lines }, readiness: readiness)
        return RegistryEnumeratorRunner(ports: ports, registries: registries)
    }

    /// Moves the clock on, a look of the enumerator at a time, until the condition holds: by at most 7.5 hours, since
    /// `eventually` gives up after 90 seconds.
    func advancing(_ what: String, until condition: @Sendable () async throws -> Bool) async throws {
        try await eventually(what, every: .milliseconds(20)) {
            if try await condition() { return true }
            clock.advance(by: .seconds(6))
            return false
        }
    }

    func hold(_ texts: String...) throws {
        for text in texts {
            let name = try ImageName(text)
            registries.update { $0.images[name] = Digest(sha256: Array(repeating: UInt8(1), count: 32)) }
        }
    }

    func put(
        _ name: String = "example", enumeration: String? = nil, rescan: String? = nil, version: Int = 1
    ) async throws {
        let registry = Registry(
            name: try RegistryName(name), url: "https://registry.example.com",
            enumeration: try enumeration.map { Schedule(at: try TimeOfDay($0)) },
            rescan: try rescan.map { Schedule(at: try TimeOfDay($0)) }, version: version)
        _ = try await log.append([try RecordDraft(Topics.registries, key: name, RegistryRecord(registry), context)])
    }

    func remove(_ name: String) async throws {
        _ = try await log.append([.tombstone(Topics.registries, key: name, context)])
    }

    func putSettings(rescan: String) async throws {
        let settings = SettingsRecord(rescan: Schedule(at: try TimeOfDay(rescan)))
        _ = try await log.append([try RecordDraft(Topics.settings, key: SettingsRecord.key, settings, context)])
    }

    func command(_ id: String, _ name: String = "example", seconds: Double = 60) async throws {
        let command = Command(
            id: id, action: .enumerate(try RegistryName(name)), actor: "alice", issuedAt: now,
            deadline: now.addingTimeInterval(seconds))
        _ = try await log.append([try RecordDraft(Topics.enumeratorCommands, key: name, command, context)])
    }

    func write(
        _ status: RegistryStatusRecord, key: String, term: Int64?, isNewer: Bool = false
    ) async throws {
        var draft = try RecordDraft(Topics.registryStatus, key: key, status, context)
        if isNewer { draft = draft.newer }
        if let term { draft.headers.append(Header(TermFence.header, String(term))) }
        _ = try await log.append([draft])
    }

    // MARK: Looking

    func records(_ topic: Topic) async throws -> [Record] {
        let end = try await log.end(of: topic.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await log.read(topic.name, after: [:])
        var records: [Record] = []
        while records.last.map({ $0.position < end }) ?? true, let batch = try await reader.next() { records += batch }
        await reader.close()
        return records
    }

    func reply(_ id: String) async throws -> Reply? {
        try await records(Topics.replies).last { $0.key == id }?.payload(Reply.self)
    }

    func rescans() async throws -> [String] {
        try await records(Topics.changes).compactMap { record in
            guard case .rescan(let rescan) = try record.payload(Change.self) else { return nil }
            return rescan.reason
        }
    }

    /// What the state topic says: the newest record of each key, without tombstones.
    private func state<Payload: EventPayload>(_ topic: Topic, _ type: Payload.Type) async throws -> [String: Payload] {
        var state: [String: Payload] = [:]
        for record in try await records(topic) {
            state[record.key] = record.value == nil ? nil : try record.payload(type)
        }
        return state
    }

    func statuses() async throws -> [String: RegistryStatusRecord] {
        try await state(Topics.registryStatus, RegistryStatusRecord.self)
    }

    func status(_ name: String = "example") async throws -> RegistryStatusRecord? {
        try await statuses()["\(name)/registry-enumerator"]
    }

    func marks() async throws -> [String] { try await state(Topics.crawlMarks, CrawlMarkRecord.self).keys.sorted() }
}
