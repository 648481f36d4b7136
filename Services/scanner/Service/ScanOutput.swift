import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import Storage

/// How a scan ended, as its status says it.
struct ScanEnd: Sendable {
    var state: ScanStatusRecord.State
    /// Those asked for; nil where the digest has none.
    var platforms: [Platform]?
    var createdAt: Date?
    /// One line for the timeline.
    var detail: String
    /// Platforms of an index whose inventories are there.
    var children: [Child] = []

    struct Child: Sendable {
        let digest: Digest
        let createdAt: Date?
    }
}

/// Writes what scans give, and waits until this scanner's view shows it, so that the next request finds it.
struct ScanOutput: Sendable {
    /// How long the view may take to show a record that is in the log.
    static let viewWait: Duration = .seconds(60)

    let view: View<ScannerProjection, SQLiteViewStore>
    let ports: Ports
    let analyserVersion: String

    /// The index's list first, so that whoever sees a child knows whose it is.
    func store(_ scan: FinishedScan, _ context: EventContext) async throws {
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

    /// Writes the status of the digest, and of an index's children, and the step of the timeline.
    func report(_ request: ScanRequest, _ end: ScanEnd, _ context: EventContext) async throws {
        let now = ports.time.now().milliseconds
        let cause = context.caused("scanned", by: ScannerRunner.name, at: now)
        func status(_ digest: Digest, _ state: ScanStatusRecord.State) -> ScanStatusRecord {
            ScanStatusRecord(
                digest: digest, state: state, analyserVersion: analyserVersion, name: request.name,
                scanner: ports.instance, finishedAt: now)
        }
        var own = status(request.digest, end.state)
        own.platforms = end.platforms?.sorted { $0.description < $1.description }
        own.createdAt = end.createdAt
        var statuses = [own]
        for child in end.children {
            var status = status(child.digest, .done)
            status.createdAt = child.createdAt
            statuses.append(status)
        }
        var step = TimelineEntry.Step.scanned
        if case .failed = end.state { step = .failed }
        let entry = TimelineEntry(name: request.name, digest: request.digest, step: step, detail: end.detail, at: now)
        let drafts = try statuses.map { try RecordDraft(Topics.scanStatus, key: $0.digest.text, $0, cause) }
        try await append(drafts + [try RecordDraft(Topics.timeline, key: request.name.text, entry, cause)])
    }

    /// Says a standing status again, for a catalogue that asked because it does not know it.
    func confirm(_ status: ScanStatusRecord, _ context: EventContext) async throws {
        let cause = context.caused("confirmed", by: ScannerRunner.name, at: ports.time.now())
        try await append([try RecordDraft(Topics.scanStatus, key: status.digest.text, status, cause)])
    }

    func tell(_ change: Change, _ context: EventContext) async throws {
        let cause = context.caused("seen", by: ScannerRunner.name, at: ports.time.now())
        try await append([try RecordDraft(Topics.changes, key: change.key, change, cause)])
    }

    private func append(_ drafts: [RecordDraft]) async throws {
        let places = try await ports.log.append(drafts)
        let last = places.filter { $0.topic == Topics.scanStatus.name }.max { $0.position < $1.position }
        guard let last else { return }
        try await view.waitFor([last.topicPartition: last.position], within: Self.viewWait)
    }
}
