import EventLogPort
import Events
import Foundation
import Model
import ScannerService
import ServiceRuntime
import TestSupport
import Testing

@Suite("A scanner beside a newer version")
struct NewerSchemaTests {
    private func records(_ topic: Topic, _ fixture: ScannerFixture) async throws -> [Record] {
        let end = try await fixture.log.inner.end(of: topic.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await fixture.log.inner.read(topic.name, after: [:])
        var found: [Record] = []
        while found.last?.position ?? -1 < end, let batch = try await reader.next() { found += batch }
        await reader.close()
        return found
    }

    private func parked(_ fixture: ScannerFixture, needs: String) async throws {
        try await eventually("the request is parked") {
            try await records(Topics.deadLetters, fixture).contains { $0.header(DeadLetter.needs) == needs }
        }
    }

    private func scanned(_ package: String, _ fixture: ScannerFixture) async throws {
        let digest = fixture.registry.put(try debianImage(package), "team/\(package)", tag: "1")
        try await fixture.request(digest, "demo/team/\(package):1")
        #expect(try await fixture.status(of: digest).state == .done)
    }

    @Test("a request of a newer schema is parked and said, and the next one is read")
    func request() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        let request = ScanRequest(digest: digest, name: try ImageName("demo/team/app:1"), attempt: 1, reason: "test")
        let topic = try Topics.scanRequests(pool: "default", .urgent)
        let draft = try RecordDraft(topic, key: request.key, request, ScannerFixture.context("newer")).newer
        _ = try await fixture.log.append([draft])
        try await parked(fixture, needs: "pratique.scan-request 2")
        let letter = try #require(try await records(Topics.deadLetters, fixture).first)
        #expect(letter.value == draft.value && letter.header(DeadLetter.group) == "scanner.default.urgent")
        try await scanned("next", fixture)
        await fixture.stop()
    }

    @Test("a status that a newer version wrote is not written over: the request waits, and readiness says so")
    func status() async throws {
        let readiness = Readiness()
        let fixture = try await ScannerFixture.start(readiness: readiness)
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        let status = ScanStatusRecord(
            digest: digest, state: .done, analyserVersion: "99", name: try ImageName("demo/team/app:1"),
            scanner: "newer", finishedAt: Date(timeIntervalSince1970: 1_800_000_000))
        _ = try await fixture.log.append([
            try RecordDraft(Topics.scanStatus, key: digest.text, status, ScannerFixture.context("status")).newer
        ])
        try await eventually("readiness says so") {
            readiness.report.parts["scanner"] == .notReady("1 records cannot be read")
        }
        try await fixture.request(digest, "demo/team/app:1", wantsStatus: true)
        try await parked(fixture, needs: "pratique.scan-status 2")
        try await scanned("next", fixture)
        #expect(try await records(Topics.scanStatus, fixture).filter { $0.key == digest.text }.count == 1)
        #expect(fixture.registry.count("GET /v2/team/app/manifests/\(digest)") == 0)
        await fixture.stop()
    }

    @Test("a registry that a newer version wrote is not taken for one that is not configured")
    func registry() async throws {
        let fixture = try await ScannerFixture.start()
        let registry = Registry(name: try RegistryName("newer"), url: fixture.registry.address)
        _ = try await fixture.log.append([
            try RecordDraft(
                Topics.registries, key: "newer", RegistryRecord(registry), ScannerFixture.context("registry")
            ).newer
        ])
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(digest, "newer/team/app:1")
        try await parked(fixture, needs: "pratique.registry 2")
        #expect(try await records(Topics.scanStatus, fixture).isEmpty)
        await fixture.stop()
    }

    @Test("what was parked is read by a scanner that knows the schema, from its start")
    func upgraded() async throws {
        let image = try debianImage()
        let request = ScanRequest(
            digest: image.digest, name: try ImageName("demo/team/app:1"), attempt: 1, reason: "test")
        let topic = try Topics.scanRequests(pool: "default", .background)
        let draft = try RecordDraft(topic, key: request.key, request, ScannerFixture.context("parked"))
        // As an older version left it, for which this request was too new.
        let letter = RecordDraft(
            topic: Topics.deadLetters.name, key: draft.key, value: draft.value,
            headers: draft.headers + [
                Header(DeadLetter.cause, DeadLetterCause.newerSchemaText),
                Header(DeadLetter.needs, "pratique.scan-request 1"),
                Header(DeadLetter.group, "scanner.default.background"),
                Header(DeadLetter.origin, "\(topic.name)/0@0"),
            ])
        let fixture = try await ScannerFixture.start(before: { log, registry in
            registry.put(image, "team/app", tag: "1")
            _ = try await log.append([letter])
        })
        #expect(try await fixture.status(of: image.digest).state == .done)
        await fixture.stop()
    }
}
