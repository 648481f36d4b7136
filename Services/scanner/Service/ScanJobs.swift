import Analysers
import EventLogPort
import Events
import Foundation
import Logging
import Metrics
import Model
import RegistryAccess
import RegistryClient
import ServiceRuntime
import Storage
import Synchronization

/// Runs scans, one a digest at a time; equal requests that come meanwhile wait for the same job.
final class ScanJobs: Sendable {
    private let scanner: ImageScanner
    private let registries: RegistryClients
    private let view: View<ScannerProjection, SQLiteViewStore>
    private let output: ScanOutput
    private let ports: Ports
    private let running = Mutex<[Digest: Job]>([:])

    private struct Job: Sendable {
        let request: ScanRequest
        let task: Task<Void, any Error>
    }

    init(
        scanner: ImageScanner, registries: RegistryClients, view: View<ScannerProjection, SQLiteViewStore>, ports: Ports
    ) {
        self.scanner = scanner
        self.registries = registries
        self.view = view
        self.ports = ports
        output = ScanOutput(view: view, ports: ports, analyserVersion: scanner.analyserVersion)
    }

    /// Does what the request wants, or finds that it is done.
    /// - Throws: errors of the log and of the view that pass; everything else that a scan runs into is state.
    func run(_ request: ScanRequest, lane: Topics.Lane, context: EventContext) async throws {
        do {
            guard let registry = try await registry(of: request) else {
                return try await fail(request, missingRegistry(request), context)
            }
            let reader = ScanClient(registry: registry, registries: registries)
            let trouble = try await askName(request, reader, lane, context)
            let isDone = try await ensure(request, reader, context)
            // A scan that failed says why itself, and is tried again with the name.
            if isDone, let trouble { try await output.tell(trouble, context) }
        } catch let error where ScanFailure.isState(error) {
            try Task.checkCancellation()
            let failure = ScanFailure.failure(of: error, attempt: request.attempt, now: ports.time.now())
            try await fail(request, failure, context)
        }
    }

    /// The registry as the catalogue had it when it asked: this view may be behind the request.
    private func registry(of request: ScanRequest) async throws -> Registry? {
        let name = request.name.registry
        if let registry = try await view.store.registry(name), registry.version >= request.registryVersion ?? 0 {
            return registry
        }
        try await view.waitForEnd(of: Topics.registries.name, within: ScanOutput.viewWait)
        return try await view.store.registry(name)
    }

    // MARK: Once

    /// - Returns: whether there is an inventory of the digest, or it is known to have none.
    private func ensure(_ request: ScanRequest, _ reader: ScanClient, _ context: EventContext) async throws -> Bool {
        while true {
            if try await known(request) != nil, try await isConfirmed(request, context) { return true }
            let other = try await once(request) { [self] in try await scan(request, reader, context) }
            // Another request's job may have been for other platforms, or with credentials that were replaced since;
            // else its end is this one's.
            let status = try await view.store.status(request.digest)
            if let other, status?.covers(request.platforms) != true || other.isOutdated(for: request) { continue }
            // The catalogue may have asked after it read the other job's failure: it waits for an answer of its own.
            if other != nil, request.wantsStatus, let status { try await output.confirm(status, context) }
            return try await known(request) != nil
        }
    }

    /// What is known of the digest, if it is all that the request wants.
    private func known(_ request: ScanRequest) async throws -> ScanStatusRecord? {
        guard let status = try await view.store.status(request.digest),
            status.analyserVersion == scanner.analyserVersion, status.covers(request.platforms)
        else { return nil }
        switch status.state {
        case .done, .notAnImage: return status
        case .failed: return nil
        }
    }

    /// Says what is known to a catalogue that wants to hear it.
    /// - Returns: false if it is not known any more: the catalogue may have dropped it, and this view been behind.
    private func isConfirmed(_ request: ScanRequest, _ context: EventContext) async throws -> Bool {
        guard request.wantsStatus else { return true }
        try await view.waitForEnd(of: Topics.scanStatus.name, within: ScanOutput.viewWait)
        guard let status = try await known(request) else { return false }
        try await output.confirm(status, context)
        return true
    }

    /// - Returns: nil when `body` was run; else the request whose job was running already, and has ended.
    private func once(
        _ request: ScanRequest, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> ScanRequest? {
        let digest = request.digest
        let (job, isOwn) = running.withLock { running in
            if let job = running[digest] { return (job, false) }
            let job = Job(request: request, task: Task { try await body() })
            running[digest] = job
            return (job, true)
        }
        defer { running.withLock { running in if running[digest]?.task == job.task { running[digest] = nil } } }
        try await withTaskCancellationHandler {
            try await job.task.value
        } onCancel: {
            job.task.cancel()
        }
        return isOwn ? nil : job.request
    }

    // MARK: The name

    /// Asks for the name once more, after the catalogue wrote it: a tag that moved meanwhile is a new change.
    /// - Returns: that it could not be asked.
    private func askName(
        _ request: ScanRequest, _ reader: ScanClient, _ lane: Topics.Lane, _ context: EventContext
    ) async throws -> Change? {
        guard let tag = request.name.tag else { return nil }
        do {
            let found = try await reader.client().resolve(request.name.repository, .tag(tag))
            guard found.digest != request.digest else { return nil }
            let type = found.mediaType ?? .ociManifest
            try await output.tell(
                .observed(
                    .init(
                        name: request.name, digest: found.digest, mediaType: type, source: .scan,
                        urgent: lane == .urgent)), context)
        } catch RegistryError.notFound {
            try await output.tell(.gone(.init(name: request.name, source: .scan)), context)
        } catch let error where ScanFailure.isState(error) {
            try Task.checkCancellation()
            let failure = RegistryFailure.failure(of: error, attempt: 1, now: ports.time.now())
            return .unresolved(
                .init(
                    name: request.name, source: .scan, failure: failure, registryVersion: reader.registry.version))
        }
        return nil
    }

    // MARK: The scan

    private func scan(_ request: ScanRequest, _ reader: ScanClient, _ context: EventContext) async throws {
        let start = ports.time.now()
        do {
            let scan = try await reader.scan(request, with: scanner)
            CrashPoint.hit(.scannerBeforeInventory)
            try await output.store(scan, context)
            CrashPoint.hit(.scannerBeforeStatus)
            let failure = scan.failure.map {
                ScanFailure.failure(of: $0, attempt: request.attempt, now: ports.time.now())
            }
            try await output.report(request, scan.end(request.platforms, failure, readAt: ports.time.now()), context)
            CrashPoint.hit(.scannerAfterStatus)
            measure(start, failure?.kind.rawValue ?? "done")
        } catch let error as ScanError where error.kind == .notAnImage {
            let end = ScanEnd(state: .notAnImage(type: error.message), detail: error.message)
            try await output.report(request, end, context)
            measure(start, "not-an-image")
        } catch let error where ScanFailure.isState(error) {
            try Task.checkCancellation()
            let failure = ScanFailure.failure(of: error, attempt: request.attempt, now: ports.time.now())
            try await fail(request, failure, context)
            measure(start, failure.kind.rawValue)
        }
    }

    /// A failure takes the place of a status only where that is not all that is wanted.
    private func fail(_ request: ScanRequest, _ failure: Failure, _ context: EventContext) async throws {
        if let status = try? await known(request) { return try await output.confirm(status, context) }
        let end = ScanEnd(state: .failed(failure), platforms: request.platforms, detail: failure.message)
        try await output.report(request, end, context)
    }

    private func missingRegistry(_ request: ScanRequest) -> Failure {
        ScanFailure.failure(
            .notFound, "the registry \(request.name.registry) is not configured", request.attempt, ports.time.now())
    }

    private func measure(_ start: Date, _ outcome: String) {
        let seconds = ports.time.now().timeIntervalSince(start)
        Counter(label: "pratique_scans_total", dimensions: [("outcome", outcome)]).increment()
        Metrics.Timer(label: "pratique_scan_seconds").recordSeconds(seconds)
        ports.logger.info(
            "image scanned", metadata: ["outcome": "\(outcome)", "duration.ms": "\(Int(seconds * 1000))"])
    }
}

extension ScanRequest {
    /// Whether it was made before the registry that the other one knows was changed.
    fileprivate func isOutdated(for other: ScanRequest) -> Bool {
        name.registry == other.name.registry && registryVersion ?? 0 < other.registryVersion ?? 0
    }
}
