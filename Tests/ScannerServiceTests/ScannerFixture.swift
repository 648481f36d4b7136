import EventLogPort
import Events
import Foundation
import HTTPCurl
import HTTPPort
import Model
import RegistryAccess
import RegistryClient
import ScannerService
import ServiceRuntime
import TestSupport

/// A scanner on the embedded log, and a simulated registry that it reads.
struct ScannerFixture {
    let folder: TestFolder
    let log: SwitchedLog
    let registry: RegistrySimulator
    let running: Task<Void, any Error>

    static func start(
        _ authentication: RegistrySimulator.Authentication = .none,
        configuration: ScannerConfiguration = ScannerConfiguration(), time: TimeSource = .system,
        readiness: Readiness = Readiness(), wrap: (any EventLog) -> any EventLog = { $0 },
        before: (SwitchedLog, RegistrySimulator) async throws -> Void = { _, _ in }
    ) async throws -> ScannerFixture {
        let folder = try TestFolder()
        let log = SwitchedLog(wrap(try await openTestLog(in: folder)))
        try await log.declare(Topics.all(pools: configuration.pools))
        let registry = try await RegistrySimulator.start(authentication)
        let transport = CurlTransport(.init(addresses: .privateNetworks))
        let ports = Ports(
            log: try AccessLog(log, service: ScannerRunner.name, pools: configuration.pools), transport: transport,
            time: time,
            folder: folder.file("scanner"), instance: "scanner-test",
            logger: testLogger, readiness: readiness)
        // Credentials by reference, from files in the test's folder.
        let sealer = CredentialSealer(keys: .fresh(), sources: CredentialSources(folders: [folder.url.path]))
        let clients = RegistryClients(
            transport: transport, sealer: sealer, now: { TimeSource.system.now() },
            retry: .init(attemptsMax: 1))
        let service = ScannerRunner(ports: ports, configuration: configuration, registries: clients)
        try FileManager.default.createDirectory(at: ports.folder, withIntermediateDirectories: true)
        try await put(Registry(name: try RegistryName("demo"), url: registry.address), log)
        try await before(log, registry)
        let running = Task { try await service.run() }
        return ScannerFixture(folder: folder, log: log, registry: registry, running: running)
    }

    func put(_ registry: Registry) async throws { try await Self.put(registry, log) }

    private static func put(_ registry: Registry, _ log: SwitchedLog) async throws {
        _ = try await log.append([
            try RecordDraft(
                Topics.registries, key: registry.name.text, RegistryRecord(registry), context("registry"))
        ])
    }

    func stop() async {
        running.cancel()
        _ = await running.result
        await log.close()
        await registry.stop()
    }

    static func context(_ id: String) -> EventContext {
        EventContext(id: id, source: "test", time: Date(timeIntervalSince1970: 1_700_000_000))
    }

    func request(
        _ digest: Digest, _ name: String, platforms: [Platform] = [.linuxAMD64], registryVersion: Int? = nil,
        attempt: Int = 1, wantsStatus: Bool = false, pool: String = "default", lane: Topics.Lane = .urgent
    ) async throws {
        let request = ScanRequest(
            digest: digest, name: try ImageName(name), platforms: platforms, registryVersion: registryVersion,
            attempt: attempt, wantsStatus: wantsStatus, reason: "test")
        let topic = try Topics.scanRequests(pool: pool, lane)
        _ = try await log.append([try RecordDraft(topic, key: request.key, request, Self.context("request-\(UUID())"))])
    }

    /// Waits for the status of a digest.
    func status(of digest: Digest, attempt: Int = 1) async throws -> ScanStatusRecord {
        try await first(Topics.scanStatus, "a status of \(digest.short)") { record in
            guard record.key == digest.text else { return nil }
            let status = try record.payload(ScanStatusRecord.self)
            if case .failed(let failure) = status.state, failure.attempt < attempt { return nil }
            return status
        }
    }

    /// Waits for so many statuses of a digest, and returns them in their order.
    func statuses(_ count: Int, of digest: Digest) async throws -> [ScanStatusRecord] {
        let log = log
        return try await withDeadline("\(count) statuses of \(digest.short)") {
            let reader = try await log.inner.read(Topics.scanStatus.name, after: [:])
            var found: [ScanStatusRecord] = []
            while found.count < count, let batch = try await reader.next() {
                found += try batch.map { try $0.payload(ScanStatusRecord.self) }.filter { $0.digest == digest }
            }
            await reader.close()
            return found
        }
    }

    func inventory(of digest: Digest) async throws -> InventoryRecord {
        try await first(Topics.inventories, "the inventory of \(digest.short)") { record in
            record.key == digest.text ? try record.payload(InventoryRecord.self) : nil
        }
    }

    func change(_ what: String, _ matches: @escaping @Sendable (Change) -> Bool) async throws -> Change {
        try await first(Topics.changes, what) { record in
            let change = try record.payload(Change.self)
            return matches(change) ? change : nil
        }
    }

    private func first<Value: Sendable>(
        _ topic: Topic, _ what: String, _ pick: @escaping @Sendable (Record) throws -> Value?
    ) async throws -> Value {
        let log = log
        return try await withDeadline(what) {
            let reader = try await log.inner.read(topic.name, after: [:])
            while let batch = try await reader.next() {
                for record in batch { if let value = try pick(record) { return value } }
            }
            throw CancellationError()
        }
    }
}

/// A Debian image of one layer, small enough to read.
func debianImage(
    _ package: String = "openssl", created: String? = nil, diffIDs: [Digest]? = nil
) throws -> ImageFixture {
    try ImageFixture(layers: [debianLayer(package)], user: "1000", created: created, diffIDs: diffIDs)
}

func debianLayer(_ package: String = "openssl") -> LayerFixture {
    let status = "Package: \(package)\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\n"
    return LayerFixture([
        .file(Array("etc/os-release".utf8), content: Array("ID=debian\nVERSION_ID=\"12\"\n".utf8), mode: 0o644),
        .file(Array("var/lib/dpkg/status".utf8), content: Array(status.utf8), mode: 0o644),
    ])
}
