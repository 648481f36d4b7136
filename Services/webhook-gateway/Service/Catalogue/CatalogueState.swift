import Events
import Foundation
import Model

/// Everything that exists, as the one writer of it knows it: a value that takes changes in the log's order and answers
/// what to write. No I/O, no clock of its own.
///
/// **Rules**
/// * Unchanged means nothing written. Every write of an image has the next revision.
/// * After each write of a name's digest or absence the registry is asked for the name once more, by the scan request or by
///   intake. A different answer is a new change, so late, repeated and reordered deliveries end at what the registry says.
/// * Only a 404 makes an image go, and it goes into the trash. An image that a person or a rule removed does not come back
///   because a registry still shows the same digest; another digest, or a registration, brings it back.
/// * A change that was applied to a name before (by its position) is not applied again.
struct CatalogueState: Sendable {
    static let candidatesMax = 100_000
    /// A name that was asked for and got no answer is asked again after this time.
    static let askAgainSeconds: TimeInterval = 600
    /// A rescan that was asked for within this time serves for a second one, too.
    static let rescanMergeSeconds: TimeInterval = 600
    /// Images bound this short before a take-over are asked for once more: the first ask may be lost.
    static let recheckSeconds: TimeInterval = 900
    static let timersPerTickMax = 1_000

    enum TimerKey: Sendable, Hashable {
        case retry(Digest)
        case ask(ImageName)
        case candidate(String)
        case purge(ImageName)
        case open(Digest, pool: String)
    }

    var images: [ImageName: ImageRecord] = [:]
    var registries: [RegistryName: Registry] = [:]
    var settings = SettingsRecord()
    var hasSettings = false
    /// The ones in force.
    var policies: [PolicyID: Policy] = [:]
    var policyVersions: [PolicyID: Int] = [:]
    var tokens: [String: TokenRecord] = [:]
    var candidates: [String: CandidateRecord] = [:]
    var scans: [Digest: ScanStatusRecord] = [:]

    /// Live images by digest.
    var names: [Digest: Set<ImageName>] = [:]
    /// The last change that was written to a name.
    var applied: [ImageName: Int64] = [:]
    /// Analyser versions in the order in which they were first seen; the last one is current.
    var analyserVersions: [String] = []
    var versionAsked: Set<Digest> = []
    /// By scanner pool: one without scanners holds up no other.
    var books: [String: RequestBook] = [:]
    var timers = TimerQueue<TimerKey>()
    var rescannedAt: [ImageName: Date] = [:]
    /// Images that a rescan, by its position in `changes`, still waits for.
    var rescans: [Int64: Set<ImageName>] = [:]
    /// Rescans whose last image was asked for since `takeFinishedRescans`.
    var finishedRescans: [Int64] = []

    /// Verdicts on candidates that were read at the take-over.
    var loadedVerdicts: [String: LoadedVerdict] = [:]

    struct LoadedVerdict: Sendable {
        let digest: Digest
        let outcome: Verdict.Outcome
    }

    init() {}

    /// Applies a change and answers what it makes the catalogue write.
    /// - Parameter position: the change's place in the topic `changes`.
    mutating func apply(
        _ change: Change, position: Int64, context: EventContext, now: Date
    ) throws(CatalogueRefusal) -> [CatalogueOutput] {
        var outbox = CatalogueOutbox(cause: context, now: now, applied: position)
        switch change {
        case .observed(let change) where isNew(change.name, position): observe(change, &outbox)
        case .gone(let change) where isNew(change.name, position): lose(change, &outbox)
        case .unresolved(let change) where isNew(change.name, position): fail(change, &outbox)
        case .register(let change) where isNew(change.name, position): register(change, &outbox)
        case .remove(let change) where isNew(change.name, position): remove(change, &outbox)
        case .restore(let change) where isNew(change.name, position): restore(change, &outbox)
        case .observed, .gone, .unresolved, .register, .remove, .restore: break
        case .candidate(let candidate): propose(candidate, isNew: isNew(candidate.name, position), &outbox)
        case .rescan(let change): rescan(change, position, &outbox)
        case .putRegistry(let registry): try put(registry, &outbox)
        case .deleteRegistry(let name): delete(name, &outbox)
        case .putPolicy(let policy): put(policy, &outbox)
        case .deletePolicy(let id): delete(id, &outbox)
        case .putSettings(let record): put(record, &outbox)
        case .putToken(let token): put(token, &outbox)
        case .revokeToken(let id): if tokens.removeValue(forKey: id) != nil { outbox.add(.dropToken(id: id)) }
        }
        fill(&outbox)
        return outbox.finish()
    }

    private func isNew(_ name: ImageName, _ position: Int64) -> Bool { position > applied[name] ?? -1 }

    /// What was found of an image: the only way in which `images` changes.
    mutating func write(_ record: ImageRecord, _ outbox: inout CatalogueOutbox) {
        var record = record
        record.revision = (images[record.name]?.revision ?? 0) + 1
        set(record, applied: outbox.applied)
        outbox.add(.image(record))
    }

    /// Takes a record over as it is, from the log or from `write`.
    mutating func set(_ record: ImageRecord, applied position: Int64?) {
        unlink(record.name)
        images[record.name] = record
        if let position { applied[record.name] = max(position, applied[record.name] ?? -1) }
        if let digest = record.digest, record.trash == nil { names[digest, default: []].insert(record.name) }
        schedule(record)
    }

    mutating func forget(_ name: ImageName) {
        unlink(name)
        images[name] = nil
        applied[name] = nil
        rescannedAt[name] = nil
    }

    private mutating func unlink(_ name: ImageName) {
        guard let digest = images[name]?.digest else { return }
        names[digest]?.remove(name)
        if names[digest]?.isEmpty == true { names[digest] = nil }
    }

    private mutating func schedule(_ record: ImageRecord) {
        if let trash = record.trash {
            timers.add(.purge(record.name), at: trash.restorableUntil)
        } else if case .waiting(let failure?) = record.resolution, let at = failure.nextAttemptAt {
            timers.add(.ask(record.name), at: at)
        }
    }
}

/// A change that cannot be applied as it is written: it becomes a dead letter with this reason.
struct CatalogueRefusal: Error, Equatable {
    let reason: String
}
