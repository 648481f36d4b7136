import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient
import ServiceRuntime
import TestSupport
import Testing

@testable import WebhookGatewayService

/// Intake over a log of its own, with registries that the test holds in its hand.
private final class IntakeRoom: Sendable {
    let folder: TestFolder
    let log: any EventLog
    let registries = FakeRegistries()
    let ports: Ports

    init(unkind: Bool = false) async throws {
        folder = try TestFolder()
        let plain = try await openTestLog(in: folder)
        log = unkind ? UnkindEventLog(plain, unkindness: .withoutFailures) : plain
        try await log.declare(Topics.fixed)
        ports = Ports(
            log: log, transport: PoisonedTransport(), time: .system, folder: folder.url, instance: "test",
            logger: testLogger,
            readiness: Readiness())
    }

    var context: EventContext { EventContext(id: UUID().uuidString, source: "test", time: Date()) }

    func configure(_ registry: Registry) async throws {
        _ = try await log.append([
            try RecordDraft(Topics.registries, key: registry.name.text, RegistryRecord(registry), context)
        ])
    }

    func deliver(_ content: Delivery.Content, registry: String = "example", source: ImageRecord.Source = .webhook)
        async throws
    {
        let delivery = Delivery(
            id: UUID().uuidString, registry: try RegistryName(registry), content: content, source: source,
            receivedAt: Date())
        _ = try await log.append([try RecordDraft(Topics.webhookDeliveries, key: delivery.id, delivery, context)])
    }

    func push(_ repository: String, _ tag: String, _ digest: Digest? = nil) async throws {
        let type = MediaType.ociManifest
        let said = digest.map { "\"digest\":\"\($0)\"," } ?? ""
        let event =
            "{\"action\":\"push\",\"target\":{\(said)\"mediaType\":\"\(type)\",\"repository\":\"\(repository)\","
            + "\"tag\":\"\(tag)\"}}"
        try await deliver(.webhook(contentType: nil, body: Data("{\"events\":[\(event)]}".utf8)))
    }

    func changes() async throws -> [Change] {
        try await records(of: Topics.changes).map { try $0.payload(Change.self) }
    }

    func records(of topic: Topic) async throws -> [Record] {
        let ends = try await log.end(of: topic.name)
        let wanted = ends.values.filter { $0 >= 0 }.count
        guard wanted > 0 else { return [] }
        var reached: [Int: Int64] = [:]
        var found: [RecordID: Record] = [:]
        let reader = try await log.read(topic.name, after: [:])
        while !ends.allSatisfy({ $0.value <= reached[$0.key] ?? -1 }), let batch = try await reader.next() {
            for record in batch {
                found[record.id] = record
                reached[record.id.partition] = max(record.position, reached[record.id.partition] ?? -1)
            }
        }
        await reader.close()
        return found.values.sorted { $0.position < $1.position }
    }

    /// Runs intake until the condition holds.
    func running(until what: String, _ condition: @escaping @Sendable () async throws -> Bool) async throws {
        let runner = IntakeRunner(ports: ports, registries: registries)
        let task = Task { try await runner.run() }
        do { try await eventually(what, condition) } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        _ = await task.result
    }

    static func name(_ text: String) -> ImageName {
        do { return try ImageName(text) } catch { preconditionFailure("\(error)") }
    }

    static let one = Digest(sha256: Array(repeating: UInt8(1), count: 32))
    static let two = Digest(sha256: Array(repeating: UInt8(2), count: 32))
}

@Suite("Intake")
struct IntakeTests {
    private let example: Registry
    private let app = IntakeRoom.name("example/team/app:1")

    init() throws { example = Registry(name: try RegistryName("example"), url: "https://registry.example.com") }

    @Test("a push makes intake ask the registry and tell what it shows, not what the webhook says")
    func push() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        room.registries.update { $0.images[app] = IntakeRoom.one }
        try await room.push("team/app", "1")
        try await room.running(until: "the change") { try await !room.changes().isEmpty }
        #expect(
            try await room.changes() == [
                .observed(
                    .init(name: app, digest: IntakeRoom.one, mediaType: .ociManifest, source: .webhook, urgent: true))
            ])
        #expect(
            try await room.records(of: Topics.timeline).map { try $0.payload(TimelineEntry.self).step } == [.delivered])
    }

    @Test("a push that is announced before the tag is set is waited for, also where the tag had another digest")
    func early() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        room.registries.update {
            $0.images[app] = IntakeRoom.one
            $0.next[app] = IntakeRoom.two
        }
        try await room.push("team/app", "1", IntakeRoom.two)
        try await room.running(until: "the change") { try await !room.changes().isEmpty }
        guard case .observed(let seen)? = try await room.changes().first else {
            Issue.record("is not observed")
            return
        }
        #expect(seen.digest == IntakeRoom.two && room.registries.count("resolve") == 2)
    }

    @Test("a tag that never shows the announced digest is believed to be what the registry says")
    func movedOn() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        room.registries.update { $0.images[app] = IntakeRoom.one }
        try await room.push("team/app", "1", IntakeRoom.two)
        try await room.running(until: "the change") { try await !room.changes().isEmpty }
        guard case .observed(let seen)? = try await room.changes().first else {
            Issue.record("is not observed")
            return
        }
        #expect(seen.digest == IntakeRoom.one)
        #expect(room.registries.count("resolve") == 1 + NameAsker.pushWaits.count)
    }

    @Test("the push of another digest is asked for although a question that began later than its delivery was answered")
    func notCovered() async throws {
        let room = try await IntakeRoom()
        let asker = NameAsker(log: room.log, time: .system, registries: room.registries)
        room.registries.update { $0.images[app] = IntakeRoom.one }
        for digest in [IntakeRoom.one, IntakeRoom.two] { try await room.push("team/app", "1", digest) }
        let deliveries = try await room.records(of: Topics.webhookDeliveries)
        for (delivery, digest) in zip(deliveries, [IntakeRoom.one, IntakeRoom.two]) {
            let wish = NameAsker.Wish(
                name: app, source: .webhook, urgent: true, push: .init(digest: digest), delivery: delivery.id,
                context: room.context)
            try await asker.serve(wish, example)
            room.registries.update { $0.images[app] = IntakeRoom.two }
        }
        #expect(room.registries.count("resolve") == 2)
    }

    @Test("a push of an image that the registry does not have is told as gone; so is a delete")
    func gone() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        try await room.push("team/app", "1")
        try await room.running(until: "the change") { try await !room.changes().isEmpty }
        #expect(try await room.changes() == [.gone(.init(name: app, source: .webhook))])
    }

    @Test("a 404 without an API behind it is no evidence: the name is unresolved")
    func noEvidence() async throws {
        let registries = FakeRegistries()
        registries.update { $0.down[example.name] = .notFound(FakeRegistries.fault()) }
        let answer = try await registries.reader(for: example).ask(app.repository, app.target)
        guard case .failed = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(
        "failures are told with their kind",
        arguments: [
            (RegistryError.unreachable(FakeRegistries.fault()), Failure.Kind.unreachable),
            (.unauthorized(FakeRegistries.fault()), .unauthorized), (.forbidden(FakeRegistries.fault()), .unauthorized),
            (.rateLimited(FakeRegistries.fault(), retryAfter: .seconds(7)), .rateLimited),
            (.serverFault(FakeRegistries.fault(), status: 502, retryAfter: nil), .unreachable),
            (.badAnswer(FakeRegistries.fault()), .damaged), (.notFound(FakeRegistries.fault()), .notFound),
        ])
    func failures(error: RegistryError, kind: Failure.Kind) async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        room.registries.update { $0.down[example.name] = error }
        try await room.push("team/app", "1")
        try await room.running(until: "the change") { try await !room.changes().isEmpty }
        guard case .unresolved(let failed)? = try await room.changes().first else {
            Issue.record("is resolved")
            return
        }
        #expect(failed.name == app && failed.failure.kind == kind)
        #expect(failed.failure.nextAttemptAt != nil)
    }

    @Test("a question that follows a change of the registry is asked with the changed record")
    func changedRegistry() async throws {
        let room = try await IntakeRoom()
        let directory = IntakeDirectory(log: room.log) {
            View($0, store: $1, log: room.log, time: .system, logger: testLogger)
        }
        let working = Task { try await directory.view.run() }
        var registry = example
        registry.version = 1
        try await room.configure(registry)
        try await directory.view.waitUntilReady()
        #expect(try await directory.registry(registry.name)?.version == 1)
        for version in 2...20 {
            registry.version = version
            try await room.configure(registry)
            #expect(try await directory.registry(registry.name, atLeast: version)?.version == version)
        }
        directory.view.stop()
        try await working.value
    }

    @Test("200 equal events cause one question to the registry, and a later one causes one more")
    func coalesced() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        room.registries.update { $0.images[app] = IntakeRoom.one }
        for _ in 0..<200 { try await room.push("team/app", "1", IntakeRoom.one) }
        let asker = NameAsker(log: room.log, time: .system, registries: room.registries)
        let serve = { @Sendable [app, example] (deliveries: [Record]) in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for delivery in deliveries {
                    let wish = NameAsker.Wish(
                        name: app, source: .webhook, urgent: true, push: .init(digest: IntakeRoom.one),
                        delivery: delivery.id, context: room.context)
                    group.addTask { try await asker.serve(wish, example) }
                }
                try await group.waitForAll()
            }
        }
        let first = try await room.records(of: Topics.webhookDeliveries)
        #expect(first.count == 200)
        try await serve(first)
        #expect(room.registries.count("resolve") == 1)
        #expect(try await room.changes().count == 1)
        let known = Set(first.map(\.id))
        try await room.push("team/app", "1", IntakeRoom.one)
        try await serve(try await room.records(of: Topics.webhookDeliveries).filter { !known.contains($0.id) })
        #expect(room.registries.count("resolve") == 2)
        #expect(try await room.changes().count == 2)
    }

    @Test("an event that comes while a question is open causes one more")
    func later() async throws {
        let room = try await IntakeRoom()
        let asker = NameAsker(log: room.log, time: .system, registries: room.registries)
        let wish = { @Sendable [app] (delivery: RecordID) in
            NameAsker.Wish(
                name: app, source: .webhook, urgent: true, push: nil, delivery: delivery, context: room.context)
        }
        room.registries.update { $0.holds = true }
        let old = RecordID(topic: Topics.webhookDeliveries.name, partition: 0, position: -1)
        let first = Task { [example] in try await asker.serve(wish(old), example) }
        try await eventually("the question") { room.registries.count("resolve") == 1 }
        try await room.push("team/app", "1")
        let new = try #require(try await room.records(of: Topics.webhookDeliveries).last?.id)
        let others = (0..<20).map { _ in Task { [example] in try await asker.serve(wish(new), example) } }
        room.registries.update { $0.holds = false }
        try await first.value
        for other in others { try await other.value }
        #expect(room.registries.count("resolve") == 2)
    }

    @Test("at most a named number of questions is open at a registry")
    func width() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        let names = (0..<60).map { IntakeRoom.name("example/team/app:\($0)") }
        room.registries.update { content in for name in names { content.images[name] = IntakeRoom.one } }
        try await room.deliver(.resolve(names), source: .enumeration)
        try await room.running(until: "the changes") { try await room.changes().count == 60 }
        #expect(room.registries.content.runningMax <= NameAsker.widthMax)
        #expect(
            try await room.changes().allSatisfy { if case .observed(let seen) = $0 { !seen.urgent } else { false } })
    }

    @Test("filters, attachments and pushes without a tag are left out")
    func filtered() async throws {
        let room = try await IntakeRoom()
        var registry = example
        registry.filter = ImageFilter(includeRepositories: ["team/*"], excludeTags: ["*-dev"])
        try await room.configure(registry)
        let attached = "sha256-" + String(repeating: "a", count: 64) + ".sig"
        for (repository, tag) in [("other/app", "1"), ("team/app", "1-dev"), ("team/app", attached)] {
            try await room.push(repository, tag)
        }
        let untagged =
            "{\"action\":\"push\",\"target\":{\"mediaType\":\"\(MediaType.ociIndex)\",\"repository\":\"team/app\","
            + "\"digest\":\"\(IntakeRoom.one)\"}}"
        try await room.deliver(.webhook(contentType: nil, body: Data("{\"events\":[\(untagged)]}".utf8)))
        try await room.push("team/app", "1")
        try await room.running(until: "the last one") { try await !room.changes().isEmpty }
        #expect(try await room.changes().map(\.key) == ["example/team/app:1"])
    }

    @Test("the delete of a digest or a repository asks for each name that the catalogue has there")
    func deletes() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        for (tag, byte) in [("1", UInt8(1)), ("2", 1), ("3", 3)] {
            let record = ImageRecord(
                name: IntakeRoom.name("example/team/app:\(tag)"),
                digest: Digest(sha256: Array(repeating: byte, count: 32)),
                sources: [.webhook], firstSeenAt: Date().milliseconds, resolution: .resolved)
            _ = try await room.log.append([try RecordDraft(Topics.images, key: record.name.text, record, room.context)])
        }
        let event = "{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\",\"digest\":\"\(IntakeRoom.one)\"}}"
        try await room.deliver(.webhook(contentType: nil, body: Data("{\"events\":[\(event)]}".utf8)))
        try await room.running(until: "two changes") { try await room.changes().count == 2 }
        #expect(Set(try await room.changes().map(\.key)) == ["example/team/app:1", "example/team/app:2"])
        try await room.deliver(
            .webhook(
                contentType: nil,
                body: Data("{\"events\":[{\"action\":\"delete\",\"target\":{\"repository\":\"team/app\"}}]}".utf8)))
        try await room.running(until: "three more") { try await room.changes().count == 5 }
    }

    @Test("a body that cannot be read becomes a dead letter with its bytes and the reason")
    func deadLetter() async throws {
        let room = try await IntakeRoom()
        try await room.configure(example)
        let body = Data("<html>".utf8)
        try await room.deliver(.webhook(contentType: "text/html", body: body))
        try await room.deliver(.webhook(contentType: nil, body: body), registry: "unknown")
        try await room.running(until: "the dead letters") { try await room.records(of: Topics.deadLetters).count == 2 }
        for letter in try await room.records(of: Topics.deadLetters) {
            #expect(letter.header(DeadLetter.reason)?.isEmpty == false)
            #expect(
                try letter.payload(Delivery.self).content == .webhook(contentType: letter.header("x"), body: body)
                    || letter.payload(Delivery.self).content == .webhook(contentType: "text/html", body: body))
        }
        #expect(try await room.changes().isEmpty)
    }

    @Test("on an unkind log every delivery has its answer")
    func unkind() async throws {
        let room = try await IntakeRoom(unkind: true)
        try await room.configure(example)
        let names = (0..<20).map { IntakeRoom.name("example/team/app:\($0)") }
        room.registries.update { content in for name in names { content.images[name] = IntakeRoom.one } }
        for number in 0..<20 { try await room.push("team/app", "\(number)") }
        try await room.running(until: "all changes") {
            Set(try await room.changes().map(\.key)) == Set(names.map(\.text))
        }
    }

    @Test("what a newer version wrote, a delivery or its registry, makes the delivery wait; the next one is served")
    func newerSchema() async throws {
        let room = try await IntakeRoom()
        let registry = Registry(name: try RegistryName("newer"), url: "https://newer.example.com")
        try await room.configure(Registry(name: try RegistryName("example"), url: "https://example.com"))
        _ = try await room.log.append([
            try RecordDraft(Topics.registries, key: "newer", RegistryRecord(registry), room.context).newer
        ])
        let delivery = Delivery(
            id: "d", registry: try RegistryName("example"), content: .resolve([IntakeRoom.name("example/app:9")]),
            source: .api, receivedAt: Date())
        _ = try await room.log.append([
            try RecordDraft(Topics.webhookDeliveries, key: "d", delivery, room.context).newer
        ])
        try await room.deliver(.resolve([IntakeRoom.name("newer/app:1")]), registry: "newer")
        room.registries.update { $0.images[IntakeRoom.name("example/app:1")] = IntakeRoom.one }
        try await room.push("app", "1")
        try await room.running(until: "the good one is served and the others are parked") {
            let letters = try await room.records(of: Topics.deadLetters)
            let needs = Set(letters.compactMap { $0.header(DeadLetter.needs) })
            let keys = Set(try await room.changes().map(\.key))
            return needs == ["pratique.delivery 2", "pratique.registry 2"] && keys == ["example/app:1"]
        }
    }
}
