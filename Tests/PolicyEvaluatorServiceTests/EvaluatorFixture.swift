import EventLogPort
import Events
import Foundation
import HTTPPort
import Logging
import Model
import PolicyEvaluatorService
import ServiceRuntime
import TestSupport

/// An evaluator over a log of its own, and what a test writes to and reads from that log.
final class EvaluatorFixture: Sendable {
    let folder: TestFolder
    let log: any EventLog
    let time: TimeSource
    let readiness = Readiness()
    let lines = LogLines()
    private let transport: any HTTPTransport

    init(
        time: TimeSource = .system, transport: any HTTPTransport = PoisonedTransport(),
        over wrap: (any EventLog) -> any EventLog = { $0 }
    ) async throws {
        folder = try TestFolder()
        self.time = time
        self.transport = transport
        log = wrap(try await openTestLog(in: folder))
        try await log.declare(Topics.all(pools: ["default"]))
    }

    /// Runs an evaluator while `body` does; both have ended when this returns.
    func running<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let ports = Ports(
            log: try AccessLog(log, service: PolicyEvaluatorRunner.name), transport: transport, time: time,
            folder: folder.file("evaluator"), instance: "test",
            logger: Logger(label: "test") { [lines] _ in lines }, readiness: readiness)
        let runner = Task { try await PolicyEvaluatorRunner(ports: ports).run() }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        runner.cancel()
        _ = try await withDeadline("the evaluator ends") { try await runner.value }
        return try result.get()
    }

    func deleteView() throws {
        for suffix in ["", "-wal", "-shm"] {
            let file = folder.file("evaluator/policy-evaluator.sqlite" + suffix)
            if FileManager.default.fileExists(atPath: file.path) { try FileManager.default.removeItem(at: file) }
        }
    }

    // MARK: Writing

    func put(_ topic: Topic, _ key: String, _ payload: some EventPayload) async throws {
        let context = EventContext(id: "\(topic.name)/\(key)", source: "test", time: time.now())
        _ = try await log.appendWhole([try RecordDraft(topic, key: key, payload, context)], time: time)
    }

    /// Puts a record that cannot be read.
    func putUnreadable(_ topic: Topic, _ key: String, like payload: some EventPayload) async throws {
        let context = EventContext(id: "unreadable/\(key)", source: "test", time: time.now())
        var draft = try RecordDraft(topic, key: key, payload, context)
        draft.value = Data("{".utf8)
        _ = try await log.append([draft])
    }

    /// Puts a record as a newer version would write it.
    func putNewer(_ topic: Topic, _ key: String, _ payload: some EventPayload) async throws {
        let context = EventContext(id: "newer/\(key)", source: "test", time: time.now())
        _ = try await log.append([try RecordDraft(topic, key: key, payload, context).newer])
    }

    func remove(_ topic: Topic, _ key: String) async throws {
        let context = EventContext(id: "gone/\(key)", source: "test", time: time.now())
        _ = try await log.append([.tombstone(topic, key: key, context)])
    }

    func put(image text: String, _ digest: Digest, sources: [ImageRecord.Source] = [.webhook]) async throws {
        let name = try ImageName(text)
        try await put(
            Topics.images, text,
            ImageRecord(
                name: name, digest: digest, mediaType: .ociManifest, sources: sources, firstSeenAt: time.now(),
                boundAt: time.now(), resolution: .resolved))
    }

    func put(inventory digest: Digest, packages: [String: String]) async throws {
        try await put(Topics.inventories, digest.text, InventoryRecord.platform(Fixtures.inventory(digest, packages)))
    }

    func put(registry name: String, platforms: [Platform]) async throws {
        let registry = Registry(name: try RegistryName(name), url: "https://\(name).example.com", platforms: platforms)
        try await put(Topics.registries, name, RegistryRecord(registry))
    }

    func put(policy: Policy) async throws { try await put(Topics.policies, policy.id.text, PolicyRecord(policy)) }

    // MARK: Commands

    /// Sends a command and waits for its last reply.
    func command(_ action: Command.Action) async throws -> Reply {
        let now = time.now()
        let command = Command(
            id: UUID().uuidString, action: action, actor: "test", issuedAt: now, deadline: now.addingTimeInterval(600))
        try await put(Topics.evaluatorCommands, "advisories", command)
        try await eventually("the reply to \(action)") {
            try await self.latest(Topics.replies, command.id, Reply.self).map { $0.state != .running } ?? false
        }
        guard let reply = try await latest(Topics.replies, command.id, Reply.self) else {
            throw DeadlinePassed(what: "a reply")
        }
        return reply
    }

    /// Writes OSV records into a folder and imports it.
    func importAdvisories(_ advisories: [Fixtures.OSV]) async throws -> Reply {
        let root = folder.file("osv-\(UUID().uuidString)")
        for advisory in advisories {
            let place = root.appending(path: advisory.ecosystem)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data(advisory.json.utf8).write(to: place.appending(path: advisory.id + ".json"))
        }
        return try await command(.importAdvisories(origin: root.path))
    }

    // MARK: Reading

    func records(_ topic: Topic) async throws -> [Record] {
        let end = try await log.end(of: topic.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await log.read(topic.name, after: [:])
        var records: [Record] = []
        while records.last.map({ $0.position < end }) ?? true, let batch = try await reader.next() { records += batch }
        await reader.close()
        return records.filter { $0.position <= end }
    }

    func latest<Payload: EventPayload>(_ topic: Topic, _ key: String, _ type: Payload.Type) async throws -> Payload? {
        guard let record = try await records(topic).last(where: { $0.key == key }), record.value != nil else {
            return nil
        }
        return try record.payload(Payload.self)
    }

    func verdict(_ key: String) async throws -> VerdictRecord? {
        try await latest(Topics.verdicts, key, VerdictRecord.self)
    }

    func waitForVerdict(
        _ key: String, _ what: String = "a verdict",
        _ condition: @escaping @Sendable (VerdictRecord) -> Bool = { _ in true }
    ) async throws -> VerdictRecord {
        try await eventually("\(what) of \(key)") { try await self.verdict(key).map(condition) ?? false }
        guard let found = try await verdict(key) else { throw DeadlinePassed(what: what) }
        return found
    }

    /// How many verdicts were ever written for a key.
    func verdictsWritten(_ key: String) async throws -> Int {
        try await records(Topics.verdictHistory).count { $0.key == key }
    }

    /// Waits until a full pass was said to have ended under this generation.
    func waitForFullPass(generation: Int?) async throws {
        try await eventually("a full pass under generation \(generation.map(String.init) ?? "none")") {
            let judged = try await self.latest(Topics.verdicts, JudgedRecord.key, JudgedRecord.self)
            return judged.map { $0.generation == generation } ?? false
        }
    }
}

enum Fixtures {
    static func digest(_ byte: UInt8) -> Digest { Digest(sha256: [UInt8](repeating: byte, count: 32)) }

    static func inventory(_ digest: Digest, _ packages: [String: String]) -> Inventory {
        Inventory(
            digest: digest, platform: .linuxAMD64, distribution: nil,
            configuration: ImageConfiguration(platform: .linuxAMD64, user: "1000"), layers: [],
            packages: packages.sorted { $0.key < $1.key }.map { name, version in
                Package(
                    name: name, version: version, type: .pypi, purl: "pkg:pypi/\(name)@\(version)",
                    location: "usr/lib/python3/\(name).dist-info/METADATA")
            },
            undetermined: [], analyserVersion: "1")
    }

    /// One OSV record: critical, of one package, fixed in a version.
    struct OSV: Sendable {
        var ecosystem = "PyPI"
        var id: String
        var package: String
        var fixed: String

        var json: String {
            """
            {"schema_version":"1.6.0","id":"\(id)","modified":"2026-01-01T00:00:00Z","summary":"a flaw",
             "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
             "affected":[{"package":{"ecosystem":"\(ecosystem)","name":"\(package)"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"\(fixed)"}]}]}]}
            """
        }
    }
}
