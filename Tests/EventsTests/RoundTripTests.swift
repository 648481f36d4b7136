import EventLogPort
import Events
import Foundation
import Model
import Testing

@Suite("Every payload survives the log")
struct RoundTripTests {
    @Test("changes, all kinds")
    func changes() throws { try expectSame(Samples.changes()) }

    @Test("images, all resolutions")
    func images() throws {
        try expectSame(Samples.images())
        try expectSame([RemovalRecord(name: Samples.name(), digest: Samples.digest(3), removedAt: Samples.at)])
        try expectSame([UnnamedRecord(digest: Samples.digest(3), since: Samples.at)])
    }

    @Test("commands, all actions")
    func commands() throws { try expectSame(Samples.commands()) }

    @Test("inventories of platforms and of indexes")
    func inventories() throws { try expectSame(Samples.inventories()) }

    @Test("scan states, with every kind of failure")
    func scanStates() throws { try expectSame(Samples.scanStates()) }

    @Test("verdicts, the mark of a full pass, generations")
    func verdicts() throws {
        try expectSame([Samples.verdict()])
        try expectSame([
            JudgedRecord(generation: 4, images: 12, judgedAt: Samples.at),
            JudgedRecord(generation: nil, images: 0, judgedAt: Samples.at),
        ])
        try expectSame([
            GenerationRecord(
                number: 4, importedAt: Samples.at, origin: "/srv/osv", advisories: 27_820, changed: 12,
                coverage: ["Debian:12", "PyPI"]),
            GenerationRecord(
                number: 5, importedAt: Samples.at, origin: "/srv/osv", advisories: 1, changed: 1, coverage: ["PyPI"],
                incomplete: ["PyPI"]),
        ])
    }

    @Test("configuration: registries, policies, settings, tokens, candidates")
    func configuration() throws {
        try expectSame([RegistryRecord(Samples.registry())])
        try expectSame([PolicyRecord(Samples.policy())])
        try expectSame([SettingsRecord(), SettingsRecord(rescan: Schedule(at: TimeOfDay("23:59")))])
        try expectSame(
            TokenRecord.Role.allCases.map { role in
                var token = Samples.token()
                token.role = role
                return token
            })
        try expectSame([Samples.candidate()])
    }

    @Test("deliveries with bytes that are no text")
    func deliveries() throws {
        let contents: [Delivery.Content] = [
            .webhook(contentType: "application/json", body: Data([0, 0xFF, 0xC3, 0x28])),
            .webhook(contentType: nil, body: Data()),
            .resolve([try Samples.name(), try Samples.name("main/a@\(Samples.digest(4))")]),
        ]
        try expectSame(
            contents.map { content in
                Delivery(
                    id: "d1", registry: try RegistryName("main"), content: content, source: .webhook,
                    receivedAt: Samples.at, registryVersion: 3)
            })
    }

    @Test("scan requests, replies, status and journals")
    func journals() throws {
        let name = try Samples.name()
        let main = try RegistryName("main")
        try expectSame([
            ScanRequest(digest: Samples.digest(1), name: name, attempt: 2, reason: "retry"),
            ScanRequest(
                digest: Samples.digest(1), name: name, platforms: [.linuxAMD64, try Platform("linux/arm/v7")],
                analyserVersion: "7", registryVersion: 3, attempt: 1, wantsStatus: true, reason: "observed"),
        ])
        try expectSame([
            Reply(
                command: "c1", state: .done, message: "2 images", progress: .init(done: 2, total: nil),
                cleanup: [.init(name: name, digest: nil, revision: 3, evidence: "older than the 4 newest")],
                complete: false, at: Samples.at)
        ])
        try expectSame([
            RegistryStatusRecord(
                registry: main, instance: "registry-enumerator-1",
                enumeration: .init(
                    startedAt: Samples.at, repositories: 3, images: 9, problems: ["a: 500"], complete: true),
                enumerationFired: .init(schedule: .init(at: try TimeOfDay("02:00")), at: Samples.at),
                failure: Samples.failure(), failureVersion: 3)
        ])
        try expectSame([
            CrawlMarkRecord(registry: main, repository: try RepositoryName("team/app"), listedAt: Samples.at, tags: 5)
        ])
        try expectSame(
            TimelineEntry.Step.allCases.map { step in
                TimelineEntry(name: name, digest: Samples.digest(1), step: step, detail: "x", at: Samples.at)
            })
        try expectSame([
            AuditEntry(actor: "alice", action: "registry.update", subject: "main", detail: "url", at: Samples.at)
        ])
    }

    /// Through `Record` and through `WholeRecord`; written twice, the bytes are the same.
    private func expectSame<Payload: EventPayload & Equatable>(_ payloads: [Payload]) throws {
        #expect(!payloads.isEmpty)
        for payload in payloads {
            let draft = try RecordDraft(Topics.changes, key: "k", payload, context)
            #expect(try Records.record(draft).payload(Payload.self) == payload)
            #expect(try Records.whole(draft).payload(Payload.self) == payload)
            let again = try RecordDraft(Topics.changes, key: "k", Records.record(draft).payload(Payload.self), context)
            #expect(again == draft)
        }
    }

    private let context = EventContext(id: "e1", source: "test", time: Samples.at)
}

/// Records as a log would hand them out.
enum Records {
    static func record(_ draft: RecordDraft, position: Int64 = 7) -> Record {
        Record(
            id: RecordID(topic: draft.topic, partition: 0, position: position), key: draft.key, value: draft.value,
            headers: draft.headers, appendedAt: Samples.at)
    }

    static func whole(_ draft: RecordDraft) -> WholeRecord {
        let record = record(draft)
        return WholeRecord(
            id: record.id, key: record.key, value: record.value, headers: record.headers, appendedAt: record.appendedAt)
    }
}
