import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import RegistryAccess
import ServiceRuntime
import TestSupport
import Testing

@testable import RegistryEnumeratorService

@Suite("The enumerator over a log")
struct EnumeratorServiceTests {
    private func records<Payload: EventPayload>(
        _ log: any EventLog, _ topic: Topic, _ type: Payload.Type
    ) async throws -> [Payload] {
        let end = try await log.end(of: topic.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await log.read(topic.name, after: [:])
        var found: [Payload] = []
        var position: Int64 = -1
        while position < end, let batch = try await reader.next() {
            for record in batch {
                position = record.position
                if record.value != nil { found.append(try record.payload(type)) }
            }
        }
        await reader.close()
        return found
    }

    @Test("a command lists the registry and is answered; a schedule fires once for each due time, both rescans as one")
    func service() async throws {
        let folder = try TestFolder()
        let clock = ManualClock(start: try #require(Date(rfc3339: "2026-05-01T01:00:00Z")))
        let log = try await openTestLog(in: folder)
        try await log.declare(Topics.fixed)
        let registries = FakeRegistries()
        let name = try RegistryName("example")
        let image = try ImageName("example/app:1")
        registries.update { $0.images[image] = Digest(sha256: Array(repeating: UInt8(1), count: 32)) }
        let nightly = Schedule(at: try TimeOfDay("02:00"))
        let registry = Registry(name: name, url: "https://registry.example.com", enumeration: nightly, rescan: nightly)
        let now = clock.time.now()
        let context = EventContext(id: "test", source: "test", time: now)
        _ = try await log.append([
            try RecordDraft(Topics.registries, key: name.text, RegistryRecord(registry), context),
            try RecordDraft(Topics.settings, key: SettingsRecord.key, SettingsRecord(rescan: nightly), context),
            try RecordDraft(
                Topics.enumeratorCommands, key: name.text,
                Command(
                    id: "c1", action: .enumerate(name), actor: "alice", issuedAt: now,
                    deadline: now.addingTimeInterval(60)),
                context),
        ])
        let ports = Ports(
            log: log, transport: PoisonedTransport(), time: clock.time, folder: folder.url, instance: "e1",
            logger: testLogger,
            readiness: Readiness())
        let service = RegistryEnumeratorRunner(ports: ports, registries: registries)
        let task = Task { try await service.run() }
        defer { task.cancel() }
        try await eventually("the answer") { try await records(log, Topics.replies, Reply.self).last?.state == .done }
        #expect(try await records(log, Topics.changes, Change.self).map(\.key) == ["example/app:1"])
        try await eventually("the schedules are known") {
            clock.advance(by: .seconds(6))
            return try await records(log, Topics.registryStatus, RegistryStatusRecord.self).contains {
                $0.enumerationFiredAt != nil && $0.rescanFiredAt != nil
            }
        }
        let before = registries.count("repositories")
        try await eventually("the rescan") {
            clock.advance(by: .seconds(60))
            return try await records(log, Topics.changes, Change.self).contains {
                if case .rescan = $0 { true } else { false }
            }
        }
        try await eventually("the run") { registries.count("repositories") > before }
        let rescans = try await records(log, Topics.changes, Change.self).filter {
            if case .rescan = $0 { true } else { false }
        }
        #expect(rescans.count == 1)
        task.cancel()
        _ = await task.result
        await log.close()
    }
}
