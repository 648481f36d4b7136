import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import WebhookGatewayService

/// The read model over a log of its own; there is no catalogue.
private final class ModelRoom: Sendable {
    let folder: TestFolder
    let log: any EventLog
    let ports: Ports
    let model: ReadModel

    init() async throws {
        folder = try TestFolder()
        log = try await openTestLog(in: folder)
        try await log.declare(Topics.fixed)
        ports = Ports(
            log: log, transport: PoisonedTransport(), time: .system, folder: folder.url, instance: "test",
            logger: testLogger)
        model = try await ReadModel.open(ports)
    }

    var context: EventContext { EventContext(id: UUID().uuidString, source: "test", time: SampleImages.now) }

    func put(_ topic: Topic, _ key: String, _ payload: some EventPayload, isNewer: Bool = false) async throws {
        let draft = try RecordDraft(topic, key: key, payload, context)
        _ = try await log.append([isNewer ? draft.newer : draft])
    }

    func running(_ body: @escaping @Sendable (ModelRoom) async throws -> Void) async throws {
        let view = Task { try await model.view.run() }
        try await model.view.waitUntilReady()
        try await model.refreshDirectory()
        try await body(self)
        model.view.stop()
        try await view.value
        await model.close()
        await log.close()
    }
}

@Suite("The read model")
struct ReadModelTests {
    @Test("what a newer version wrote is unknown, not absent: webhooks of such a registry are to come again")
    func newerSchema() async throws {
        let room = try await ModelRoom()
        let registry = Registry(name: try RegistryName("newer"), url: "https://newer.example.com")
        try await room.put(Topics.registries, "newer", RegistryRecord(registry), isNewer: true)
        let image = ImageRecord(
            name: try ImageName("newer/app:1"), sources: [.webhook], firstSeenAt: SampleImages.now,
            resolution: .resolved)
        try await room.put(Topics.images, "newer/app:1", image, isNewer: true)
        try await room.running { room in
            #expect(try await room.model.unreadableCount() == 2)
            let summary = try await room.model.image(image.name)
            #expect(summary?.status == .undetermined)
            #expect(summary?.reasons.first?.contains("upgrade this service") == true)
            let statuses = try await Self.webhooks(room)
            #expect(statuses == ["newer": .serviceUnavailable, "nowhere": .notFound])
            // Written again in a schema that is known, it is known.
            try await room.put(Topics.registries, "newer", RegistryRecord(registry))
            try await room.model.view.waitForEnd(of: Topics.registries.name, within: generousTime)
            try await room.model.refreshDirectory()
            #expect(room.model.directory.registry(registry.name) == registry)
            #expect(!room.model.directory.isUnreadable(registry.name))
        }
    }

    private static func webhooks(_ room: ModelRoom) async throws -> [String: HTTPResponse.Status] {
        let spool = try await Spool.open(in: room.folder.url, bytesMax: 1 << 20)
        let receiver = WebhookReceiver(
            model: room.model,
            queue: DeliveryQueue(log: room.log, spool: spool, time: .system, logger: testLogger), time: .system,
            logger: testLogger)
        let application = Application(router: GatewayRouters.webhooks(receiver, RequestMeasures()))
        let statuses = try await application.test(.router) { client in
            var statuses: [String: HTTPResponse.Status] = [:]
            for name in ["newer", "nowhere"] {
                statuses[name] = try await client.execute(uri: "/webhooks/\(name)", method: .post).status
            }
            return statuses
        }
        await spool.close()
        return statuses
    }

    @Test("alarms are there while they last")
    func alarms() async throws {
        let room = try await ModelRoom()
        let alarm = AlarmRecord(
            kind: .poolWithoutScanner, subject: "site-b", message: "nobody scans", since: SampleImages.now)
        try await room.put(Topics.alarms, alarm.key, alarm)
        try await room.running { room in
            let found = try await room.model.documents(Topics.alarms, limit: 10)
            #expect(try found.map { try AlarmSummary($0.payload(AlarmRecord.self)).subject } == ["site-b"])
            _ = try await room.log.append([.tombstone(Topics.alarms, key: alarm.key, room.context)])
            try await room.model.view.waitForEnd(of: Topics.alarms.name, within: generousTime)
            #expect(try await room.model.documents(Topics.alarms, limit: 10).isEmpty)
        }
    }

    @Test("the newest dead letters are kept, and no more")
    func letters() async throws {
        let room = try await ModelRoom()
        let many = LetterRows.keptMax + 20
        let drafts = (0..<many).map { number in
            RecordDraft(
                topic: Topics.deadLetters.name, key: "k\(number)", value: Data("v".utf8),
                headers: [Header(DeadLetter.origin, "changes/0@\(number)"), Header(DeadLetter.cause, "gave-up")])
        }
        for first in stride(from: 0, to: many, by: 500) {
            _ = try await room.log.append(Array(drafts[first..<min(first + 500, many)]))
        }
        try await room.running { room in
            let open = try await room.model.openLetters()
            #expect(open == LetterRows.keptMax)
            var query = LetterQuery()
            query.oldestFirst = true
            query.limit = 1
            let oldest = try await room.model.letters(query).map(\.document.key)
            #expect(oldest == ["k20"])
        }
    }
}
