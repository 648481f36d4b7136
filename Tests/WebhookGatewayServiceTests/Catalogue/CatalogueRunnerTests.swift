import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Logging
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import WebhookGatewayService

/// The catalogue over a log of its own.
private final class CatalogueRoom: Sendable {
    let folder: TestFolder
    let log: any EventLog
    /// Beneath an unkind one: for the test's own looks.
    let plain: SQLiteEventLog
    let ports: Ports

    let readiness = Readiness()

    init(unkind: Bool, time: TimeSource = .system, logger: Logger = testLogger) async throws {
        folder = try TestFolder()
        plain = try await openTestLog(in: folder)
        try await plain.declare(Topics.fixed)
        // The unkind one learns the kinds of the topics by declaring them, too.
        log = unkind ? UnkindEventLog(plain) : plain
        if unkind { try await log.declare(Topics.fixed) }
        ports = Ports(
            log: log, transport: PoisonedTransport(), time: time, folder: folder.url, instance: "test",
            logger: logger,
            readiness: readiness)
    }

    func change(_ change: Change) async throws {
        let context = EventContext(id: UUID().uuidString, source: "test", time: Date())
        let draft = try RecordDraft(Topics.changes, key: change.key, change, context)
        // An unkind log may refuse, or land it and say that it did not: then it is there twice, which must not matter.
        while true {
            do {
                _ = try await log.append([draft])
                return
            } catch let error as EventLogError where error.isTransient { continue }
        }
    }

    /// The newest record of each key.
    func state<Payload: EventPayload>(_ topic: Topic, _ type: Payload.Type) async throws -> [String: Payload] {
        let end = try await plain.end(of: topic.name)[0] ?? -1
        var found: [String: Payload] = [:]
        var position: Int64 = -1
        guard end >= 0 else { return found }
        let reader = try await plain.read(topic.name, after: [:])
        while position < end, let batch = try await reader.next() {
            for record in batch where record.position > position {
                position = record.position
                found[record.key] = record.value == nil ? nil : try record.payload(type)
            }
        }
        await reader.close()
        return found
    }

    func running(until what: String, _ condition: @escaping @Sendable () async throws -> Bool) async throws {
        let runner = CatalogueRunner(ports: ports, inventories: NoInventories())
        let task = Task { try await runner.run() }
        defer { task.cancel() }
        // What ends the runner ends the wait.
        let watch = Task {
            try await task.value
            throw DeadlinePassed(what: "the catalogue ended before \(what)")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await eventually(what, condition) }
            group.addTask { try await watch.value }
            defer { task.cancel() }
            try await group.next()
            task.cancel()
            group.cancelAll()
        }
        try await task.value
    }
}

private struct NoInventories: InventoryDirectory {
    func family(of digest: Digest) async throws -> InventoryFamily? { nil }
}

@Suite("The catalogue over a log")
struct CatalogueRunnerTests {
    private func seen(_ number: Int, _ digest: Int) -> Change {
        .observed(
            .init(
                name: CatalogueBench.name("example/app:\(number)"), digest: CatalogueBench.digest(digest),
                mediaType: .ociManifest,
                source: .webhook, urgent: true))
    }

    @Test("changes become images, also across instances that end and a log at its worst", arguments: [false, true])
    func images(unkind: Bool) async throws {
        let room = try await CatalogueRoom(unkind: unkind)
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        for number in 0..<20 { try await room.change(seen(number, number)) }
        try await room.running(until: "the first images") {
            try await room.state(Topics.images, ImageRecord.self).count == 20
        }
        for number in 0..<10 { try await room.change(seen(number, 100 + number)) }
        try await room.change(.gone(.init(name: CatalogueBench.name("example/app:19"), source: .webhook)))
        try await room.running(until: "the moved images") {
            let images = try await room.state(Topics.images, ImageRecord.self)
            let moved = (0..<10).allSatisfy { images["example/app:\($0)"]?.digest == CatalogueBench.digest(100 + $0) }
            return moved && images["example/app:19"]?.trash != nil
        }
        #expect(try await room.state(Topics.policies, PolicyRecord.self)["standard"]?.policy == Policy.standard)
        #expect(try await room.state(Topics.registries, RegistryRecord.self)["example"]?.registry.version == 1)
        let images = try await room.state(Topics.images, ImageRecord.self)
        #expect((10..<19).allSatisfy { images["example/app:\($0)"]?.revision == 1 }, "nothing is written twice")
    }

    @Test("a change that cannot be read becomes a dead letter, and the next one is applied")
    func deadLetter() async throws {
        let room = try await CatalogueRoom(unkind: false)
        var broken = try RecordDraft(
            Topics.changes, key: "x", Change.revokeToken(id: "x"),
            EventContext(id: "broken", source: "test", time: Date()))
        broken.value = Data("{".utf8)
        _ = try await room.log.append([broken])
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        try await room.running(until: "the registry") {
            try await !room.state(Topics.registries, RegistryRecord.self).isEmpty
        }
        #expect(try await room.log.end(of: Topics.deadLetters.name)[0] ?? -1 >= 0)
    }

    @Test("a change of a newer schema is parked, and the next one is applied")
    func newerChange() async throws {
        let room = try await CatalogueRoom(unkind: false)
        let newer = try RecordDraft(
            Topics.changes, key: "x", Change.revokeToken(id: "x"),
            EventContext(id: "newer", source: "test", time: Date())
        ).newer
        _ = try await room.log.append([newer])
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        try await room.running(until: "the registry") {
            try await !room.state(Topics.registries, RegistryRecord.self).isEmpty
        }
        let reader = try await room.log.read(Topics.deadLetters.name, after: [:])
        let letter = try #require(try await reader.next()?.first)
        #expect(letter.header(DeadLetter.cause) == "newer-schema" && letter.value == newer.value)
        #expect(letter.header(DeadLetter.needs) == "pratique.change 2")
        await reader.close()
    }

    @Test("an image that a newer version wrote is not written over: this instance stands back and says so")
    func newerImage() async throws {
        let room = try await CatalogueRoom(unkind: false)
        let image = ImageRecord(
            name: CatalogueBench.name("example/app:1"), digest: CatalogueBench.digest(1), sources: [.webhook],
            firstSeenAt: Date(), resolution: .resolved)
        let draft = try RecordDraft(
            Topics.images, key: "example/app:1", image, EventContext(id: "newer", source: "test", time: Date()))
        _ = try await room.log.append([draft.newer])
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        try await room.change(seen(1, 2))
        try await room.running(until: "it stands back") {
            guard case .notReady(let reason)? = room.readiness.report.parts["catalogue"] else { return false }
            return reason.contains("upgrade this one")
        }
        #expect(try await room.plain.end(of: Topics.images.name) == [0: 0])
        #expect(try await room.plain.end(of: Topics.registries.name) == [0: -1])
    }

    @Test("a pool without a scanner is an alarm until one comes, and the log says so once")
    func alarm() async throws {
        let (clock, lines) = (ManualClock(), LogLines())
        let room = try await CatalogueRoom(
            unkind: false, time: clock.time, logger: Logger(label: "test") { _ in lines })
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        try await room.change(seen(1, 1))
        try await room.running(until: "the alarm has ended") {
            clock.advance(by: .seconds(5))
            let alarms = try await room.state(Topics.alarms, AlarmRecord.self)
            guard let alarm = alarms["pool-without-scanner/default"] else {
                return try await room.plain.end(of: Topics.alarms.name)[0] == 1
            }
            if lines.all.components(separatedBy: "an alarm began").count < 2 { return false }
            #expect(alarm.message.contains("scanner.pools=default"))
            let scanner = ScannerRecord(
                instance: "s", pools: ["default"], width: 1, analyserVersion: "1", at: clock.time.now())
            let context = EventContext(id: "s", source: "test", time: clock.time.now())
            _ = try await room.plain.append([try RecordDraft(Topics.scanners, key: "s", scanner, context)])
            return false
        }
        #expect(lines.all.components(separatedBy: "an alarm began").count == 2)
        #expect(lines.all.components(separatedBy: "an alarm has ended").count == 2)
    }

    @Test("a scan's status of a newer schema holds nothing up, and is said")
    func newerStatus() async throws {
        let room = try await CatalogueRoom(unkind: false)
        try await room.change(.putRegistry(CatalogueBench.registry("example")))
        try await room.change(seen(1, 1))
        try await room.running(until: "it is said") {
            guard try await !room.state(Topics.images, ImageRecord.self).isEmpty else { return false }
            if try await room.plain.end(of: Topics.scanStatus.name)[0] ?? -1 < 0 {
                let status = ScanStatusRecord(
                    digest: CatalogueBench.digest(1), state: .done, analyserVersion: "9",
                    name: CatalogueBench.name("example/app:1"), scanner: "newer", finishedAt: Date())
                let context = EventContext(id: "newer", source: "test", time: Date())
                _ = try await room.log.append([
                    try RecordDraft(Topics.scanStatus, key: status.digest.text, status, context).newer
                ])
            }
            return room.readiness.report.parts["catalogue"] == .notReady("1 records of the catalogue cannot be read")
        }
        try await room.change(seen(2, 2))
        try await room.running(until: "the next image") {
            try await room.state(Topics.images, ImageRecord.self).count == 2
        }
    }
}
