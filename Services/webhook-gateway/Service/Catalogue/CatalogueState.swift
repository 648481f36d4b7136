import EventLogPort
import Events
import Foundation
import Model

/// Everything that exists, as the one writer of it knows it: a value that takes changes in the log's order and answers
/// what to write. No I/O, no clock of its own.
///
/// **Rules**
/// * Unchanged means nothing written. Every write of an image has the next revision.
/// * After each write of a name's digest or absence the registry is asked for the name once more, by the scan request
///   or by
///   intake. A different answer is a new change, so late, repeated and reordered deliveries end at what the registry
///   says.
/// * Only a 404 makes an image go, and it goes into the trash. An image that a person or a rule removed does not come
///   back because a registry still shows the same digest, also when its time in the trash is over; another digest, a
///   404 in between, or a registration brings it back.
/// * A change that was applied to a key before (by its position) is not applied again.
struct CatalogueState: Sendable {
    static let candidatesMax = 100_000
    /// A name that was asked for and got no answer is asked again after this time.
    static let askAgainSeconds: TimeInterval = 600
    /// A rescan that was asked for within this time serves for one by a schedule, too. A person's is always asked for.
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
        case unnamed(Digest)
        case back(RegistryName)
        case watch
        case reconcile
    }

    var images: [ImageName: ImageRecord] = [:]
    /// Images that are gone for good and that their registries may still show.
    var removals: [ImageName: RemovalRecord] = [:]
    var registries: [RegistryName: Registry] = [:]
    var settings = SettingsRecord()
    var hasSettings = false
    /// The ones in force.
    var policies: [PolicyID: Policy] = [:]
    var policyVersions: [PolicyID: Int] = [:]
    var tokens: [String: TokenRecord] = [:]
    var candidates: [String: CandidateRecord] = [:]
    var scans: [Digest: ScanStatusRecord] = [:]
    /// Digests whose status has a newer schema than this program reads.
    var beyond: Set<Digest> = []
    /// By instance, as they last told.
    var scanners: [String: ScannerRecord] = [:]
    var alarms: [String: AlarmRecord] = [:]

    /// Live images by digest.
    var names: [Digest: Set<ImageName>] = [:]
    /// How many images, of the trash too, and candidates have a digest; `unnamed`: since when nothing has it.
    var holders: [Digest: Int] = [:]
    var unnamed: [Digest: Date] = [:]
    /// Digests whose holders changed since `finish`.
    var touched: Set<Digest> = []
    /// Digests whose inventories are to go now.
    var overdue: Set<Digest> = []
    /// The last change that was written to a key of the catalogue's topics, by `slot`.
    var applied: [String: Int64] = [:]
    /// Analyser versions in the order in which they were first seen; the last one is current.
    var analyserVersions: [String] = []
    var versionAsked: Set<Digest> = []
    /// Registries that were not reached, since then.
    var away: [RegistryName: Absent] = [:]
    /// What failed while a registry was away, to be asked for again now that it is back.
    var returning: [RegistryName: [RequestBook.Wish]] = [:]
    /// Pools whose images wait while no scanner serves them, since then.
    var unserved: [String: Date] = [:]
    /// By scanner pool: one without scanners holds up no other.
    var books: [String: RequestBook] = [:]
    var timers = TimerQueue<TimerKey>()
    /// Names that CI registered and whose registry could not be asked: one timer each.
    var askedLater: Set<ImageName> = []
    var rescannedAt: [ImageName: Date] = [:]
    /// Images that a rescan, by its position in `changes`, still waits for.
    var rescans: [Int64: Set<ImageName>] = [:]
    /// Rescans whose last image was asked for since `takeFinishedRescans`.
    var finishedRescans: [Int64] = []

    /// Verdicts on candidates that were read at the take-over.
    var loadedVerdicts: [String: CandidateVerdict] = [:]

    init() {}

    /// Applies a change and answers what it makes the catalogue write.
    /// - Parameter position: the change's place in the topic `changes`.
    mutating func apply(
        _ change: Change, position: Int64, context: EventContext, now: Date
    ) throws(CatalogueRefusal) -> [CatalogueOutput] {
        var outbox = CatalogueOutbox(cause: context, now: now, applied: position)
        switch change {
        case _ where change.target.map({ isApplied($0, change.key, position) }) == true: break
        case .observed(let change):
            answered(change.name.registry, at: outbox.now)
            observe(change, &outbox)
        case .gone(let change): lose(change, &outbox)
        case .unresolved(let change): fail(change, &outbox)
        case .register(let change): register(change, &outbox)
        case .remove(let change): remove(change, &outbox)
        case .restore(let change): restore(change, &outbox)
        case .candidate(let candidate):
            propose(candidate, isNew: !isApplied(Topics.images.name, candidate.name.text, position), &outbox)
        case .rescan(let change): rescan(change, position, &outbox)
        case .putRegistry(let registry, let condition): try put(registry, under: condition, &outbox)
        case .deleteRegistry(let name, let condition): delete(name, under: condition, &outbox)
        case .putPolicy(let policy, let condition): put(policy, under: condition, &outbox)
        case .deletePolicy(let id, let condition): delete(id, under: condition, &outbox)
        case .putSettings(let record): put(record, &outbox)
        case .putToken(let token): put(token, &outbox)
        case .revokeToken(let id): if tokens.removeValue(forKey: id) != nil { outbox.add(.dropToken(id: id)) }
        }
        fill(&outbox)
        let outputs = finish(&outbox)
        for output in outputs {
            if let place = output.effect.place { applied[Self.slot(place.topic, place.key)] = position }
        }
        return outputs
    }

    /// Everything that an input makes the catalogue write.
    mutating func finish(_ outbox: inout CatalogueOutbox) -> [CatalogueOutput] {
        markUnnamed(&outbox)
        return outbox.finish(registries)
    }

    private func isApplied(_ topic: TopicName, _ key: String, _ position: Int64) -> Bool {
        position <= applied[Self.slot(topic, key)] ?? -1
    }

    static func slot(_ topic: TopicName, _ key: String) -> String { "\(topic)/\(key)" }

    /// What was found of an image: the only way in which `images` changes.
    mutating func write(_ record: ImageRecord, _ outbox: inout CatalogueOutbox) {
        var record = record
        record.revision = (images[record.name]?.revision ?? 0) + 1
        set(record)
        outbox.add(.image(record))
    }

    /// Takes a record over as it is, from the log or from `write`.
    mutating func set(_ record: ImageRecord) {
        unlink(record.name)
        images[record.name] = record
        if let digest = record.digest { hold(digest) }
        if let digest = record.digest, record.trash == nil { names[digest, default: []].insert(record.name) }
        schedule(record)
    }

    mutating func forget(_ name: ImageName) {
        unlink(name)
        images[name] = nil
        applied[Self.slot(Topics.images.name, name.text)] = nil
        rescannedAt[name] = nil
    }

    /// What was removed may come back from here on.
    mutating func endRemoval(of name: ImageName, _ outbox: inout CatalogueOutbox) {
        if removals.removeValue(forKey: name) != nil { outbox.add(.dropRemoval(name)) }
    }

    private mutating func unlink(_ name: ImageName) {
        guard let digest = images[name]?.digest else { return }
        release(digest)
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

extension Change {
    /// The topic whose record of the change's key it may write; nil for what concerns several keys.
    fileprivate var target: TopicName? {
        switch self {
        case .observed, .gone, .unresolved, .register, .remove, .restore: Topics.images.name
        case .putRegistry, .deleteRegistry: Topics.registries.name
        case .putPolicy, .deletePolicy: Topics.policies.name
        case .putSettings: Topics.settings.name
        case .putToken, .revokeToken: Topics.access.name
        case .rescan, .candidate: nil
        }
    }
}

/// A change that cannot be applied as it is written: it becomes a dead letter with this reason.
struct CatalogueRefusal: Error, Equatable, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
