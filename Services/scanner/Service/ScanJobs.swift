import Analysers
import EventLogPort
import Events
import Foundation
import Logging
import Metrics
import Model
import RegistryAccess
import RegistryClient
import RegistryImages
import ServiceRuntime
import Storage
import Synchronization

/// Runs scans, one a digest at a time; equal requests that come meanwhile wait for the same job.
final class ScanJobs: Sendable {
    /// Digests that this process has finished and its view may not show yet.
    static let recentMax = 10_000

    private struct State {
        var running: [Digest: Task<Void, any Error>] = [:]
        var recent: Set<Digest> = []
    }

    private let scanner: ImageScanner
    private let registries: RegistryClients
    private let view: View<ScannerProjection, SQLiteViewStore>
    private let ports: Ports
    private let state = Mutex(State())

    init(
        scanner: ImageScanner, registries: RegistryClients, view: View<ScannerProjection, SQLiteViewStore>, ports: Ports
    ) {
        self.scanner = scanner
        self.registries = registries
        self.view = view
        self.ports = ports
    }

    /// Does what the request wants, or finds that it is done.
    /// - Throws: errors of the log and of the view; a failed scan is not one, it is state.
    func run(_ request: ScanRequest, lane: Topics.Lane, context: EventContext) async throws {
        guard let registry = try await view.store.registry(request.name.registry) else {
            return try await report(
                request, .failed(missingRegistry(request)), context, detail: "the registry is not configured")
        }
        let reader = ScanClient(registry: registry, registries: registries)
        try await askName(request, reader, lane, context)
        if try await isKnown(request) { return }
        try await once(request.digest) { [self] in
            if try await isKnown(request) { return }
            try await scan(request, reader, context)
        }
    }

    // MARK: Once

    private func once(_ digest: Digest, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let job = state.withLock { state in
            if let job = state.running[digest] { return job }
            let job = Task { try await body() }
            state.running[digest] = job
            return job
        }
        defer { state.withLock { state in if state.running[digest] == job { state.running[digest] = nil } } }
        try await withTaskCancellationHandler {
            try await job.value
        } onCancel: {
            job.cancel()
        }
    }

    private func isKnown(_ request: ScanRequest) async throws -> Bool {
        if state.withLock({ $0.recent.contains(request.digest) }) { return true }
        guard let status = try await view.store.status(request.digest) else { return false }
        guard status.analyserVersion == scanner.analyserVersion else { return false }
        switch status.state {
        case .done, .notAnImage: return true
        case .failed: return false
        }
    }

    // MARK: The name

    /// Asks for the name once more, after the catalogue wrote it: a tag that moved meanwhile is a new change.
    private func askName(
        _ request: ScanRequest, _ reader: ScanClient, _ lane: Topics.Lane, _ context: EventContext
    ) async throws {
        guard let tag = request.name.tag else { return }
        let change: Change
        do {
            let found = try await reader.client().resolve(request.name.repository, .tag(tag))
            guard found.digest != request.digest else { return }
            change = .observed(
                .init(
                    name: request.name, digest: found.digest, mediaType: found.mediaType ?? .ociManifest, source: .scan,
                    urgent: lane == .urgent))
        } catch RegistryError.notFound {
            change = .gone(.init(name: request.name, source: .scan))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // The scan itself meets the same trouble, and says so.
            return
        }
        let cause = context.caused("seen", by: ScannerRunner.name, at: ports.time.now())
        _ = try await ports.log.append([try RecordDraft(Topics.changes, key: change.key, change, cause)])
    }

    // MARK: The scan

    private func scan(_ request: ScanRequest, _ reader: ScanClient, _ context: EventContext) async throws {
        let start = ports.time.now()
        do {
            let scan = try await reader.scan(request, with: scanner)
            CrashPoint.hit(.scannerBeforeInventory)
            try await store(scan, context)
            CrashPoint.hit(.scannerBeforeStatus)
            try await report(
                request, .done, context,
                detail: "\(scan.inventories.reduce(0) { $0 + $1.packages.count }) packages", also: scan.childDigests)
            CrashPoint.hit(.scannerAfterStatus)
            let recent = Set([request.digest] + scan.childDigests)
            state.withLock { state in
                if state.recent.count > Self.recentMax { state.recent = [] }
                state.recent.formUnion(recent)
            }
            measure(start, "done")
        } catch let error as ScanError where error.kind == .cancelled {
            throw CancellationError()
        } catch let error as ScanError where error.kind == .notAnImage {
            try await report(request, .notAnImage(type: error.message), context, detail: error.message)
            measure(start, "not-an-image")
        } catch let error where error is ScanError || error is RegistryError || error is RegistryAccessError {
            let failure = ScanFailure.failure(of: error, attempt: request.attempt, now: ports.time.now())
            try await report(request, .failed(failure), context, detail: failure.message)
            measure(start, failure.kind.rawValue)
        }
    }

    /// The index's list first, so that whoever sees a child knows whose it is.
    private func store(_ scan: FinishedScan, _ context: EventContext) async throws {
        let now = ports.time.now()
        var drafts: [RecordDraft] = []
        if let index = scan.index {
            drafts.append(
                try RecordDraft(
                    Topics.inventories, key: index.digest.text, InventoryRecord.index(index),
                    context.caused("index", by: ScannerRunner.name, at: now)))
        }
        for inventory in scan.inventories {
            drafts.append(
                try RecordDraft(
                    Topics.inventories, key: inventory.digest.text, InventoryRecord.platform(inventory),
                    context.caused("inventory/\(inventory.digest.short)", by: ScannerRunner.name, at: now)))
        }
        _ = try await WholeWriter(log: ports.log, time: ports.time).append(drafts)
    }

    private func report(
        _ request: ScanRequest, _ outcome: ScanStatusRecord.State, _ context: EventContext, detail: String,
        also: [Digest] = []
    ) async throws {
        let now = ports.time.now().milliseconds
        let cause = context.caused("scanned", by: ScannerRunner.name, at: now)
        var drafts = try ([request.digest] + also).map { digest in
            let status = ScanStatusRecord(
                digest: digest, state: outcome, analyserVersion: scanner.analyserVersion, name: request.name,
                scanner: ports.instance, finishedAt: now)
            return try RecordDraft(Topics.scanStatus, key: digest.text, status, cause)
        }
        var step = TimelineEntry.Step.scanned
        if case .failed = outcome { step = .failed }
        let entry = TimelineEntry(name: request.name, digest: request.digest, step: step, detail: detail, at: now)
        drafts.append(try RecordDraft(Topics.timeline, key: request.name.text, entry, cause))
        _ = try await ports.log.append(drafts)
    }

    private func missingRegistry(_ request: ScanRequest) -> Failure {
        Failure(
            kind: .notFound, message: "the registry \(request.name.registry) is not configured",
            attempt: request.attempt,
            nextAttemptAt: ports.time.now().addingTimeInterval(ScanFailure.firstDelaySeconds).milliseconds)
    }

    private func measure(_ start: Date, _ outcome: String) {
        let seconds = ports.time.now().timeIntervalSince(start)
        Counter(label: "pratique_scans_total", dimensions: [("outcome", outcome)]).increment()
        Metrics.Timer(label: "pratique_scan_seconds").recordSeconds(seconds)
        ports.logger.info(
            "image scanned", metadata: ["outcome": "\(outcome)", "duration.ms": "\(Int(seconds * 1000))"])
    }
}
