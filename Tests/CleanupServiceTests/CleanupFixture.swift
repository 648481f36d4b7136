import CleanupService
import Crypto
import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import TestSupport

/// Cleanup over a log of its own. There is no catalogue: what cleanup sends to it is looked at.
final class CleanupFixture: Sendable {
    let folder: TestFolder
    let log: any EventLog
    let readiness = Readiness()
    let start = Date(timeIntervalSince1970: 1_800_000_000)

    init(over wrap: (any EventLog) -> any EventLog = { $0 }) async throws {
        folder = try TestFolder()
        log = wrap(try await openTestLog(in: folder))
        try await log.declare(Topics.all(pools: ["default"]))
    }

    func running<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let ports = Ports(
            log: try AccessLog(log, service: CleanupRunner.name), transport: PoisonedTransport(), time: .system,
            folder: folder.file("cleanup"), instance: "test",
            logger: testLogger, readiness: readiness)
        let runner = Task { try await CleanupRunner(ports: ports).run() }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        runner.cancel()
        _ = try await withDeadline("cleanup ends") { try await runner.value }
        return try result.get()
    }

    static func image(
        _ text: String, boundAt: Date, revision: Int64 = 1, resolution: ImageRecord.Resolution = .resolved,
        sources: [ImageRecord.Source] = [.webhook], trash: ImageRecord.Trash? = nil
    ) throws -> ImageRecord {
        ImageRecord(
            name: try ImageName(text), digest: Model.Digest(sha256: Array(SHA256.hash(data: Data(text.utf8)))),
            mediaType: .ociManifest, revision: revision, sources: sources, firstSeenAt: boundAt, boundAt: boundAt,
            resolution: resolution,
            trash: trash)
    }

    /// Puts an image that was scanned.
    func put(_ image: ImageRecord, createdAt: Date? = nil) async throws {
        let context = EventContext(id: image.name.text, source: "test", time: start)
        _ = try await log.append([try RecordDraft(Topics.images, key: image.name.text, image, context)])
        if let digest = image.digest { try await put(.done, of: digest, image.name, createdAt: createdAt) }
    }

    func put(
        _ state: ScanStatusRecord.State, of digest: Model.Digest, _ name: ImageName, createdAt: Date? = nil
    ) async throws {
        let status = ScanStatusRecord(
            digest: digest, state: state, analyserVersion: "1", name: name, scanner: "s", finishedAt: start,
            createdAt: createdAt)
        let context = EventContext(id: digest.text, source: "test", time: start)
        _ = try await log.append([try RecordDraft(Topics.scanStatus, key: digest.text, status, context)])
    }

    func command(_ action: Command.Action, deadline: Date = .distantFuture, id: String = UUID().uuidString) async throws
        -> Reply
    {
        let context = EventContext(id: id, source: "test", time: start)
        let limit = min(deadline, Date(timeIntervalSince1970: 4_000_000_000))
        let command = Command(id: id, action: action, actor: "alice", issuedAt: start, deadline: limit)
        let before = try await replies(id).count
        _ = try await log.append([try RecordDraft(Topics.cleanupCommands, key: "cleanup", command, context)])
        try await eventually("a reply") { try await self.replies(id).count > before }
        guard let reply = try await replies(id).last else { throw DeadlinePassed(what: "a reply") }
        return reply
    }

    func replies(_ id: String) async throws -> [Reply] {
        try await records(Topics.replies).filter { $0.key == id }.map { try $0.payload(Reply.self) }
    }

    func changes() async throws -> [Change] { try await records(Topics.changes).map { try $0.payload(Change.self) } }

    func records(_ topic: Topic) async throws -> [Record] {
        let end = try await log.end(of: topic.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await log.read(topic.name, after: [:])
        var records: [Record] = []
        while records.last.map({ $0.position < end }) ?? true, let batch = try await reader.next() { records += batch }
        await reader.close()
        return records
    }
}
