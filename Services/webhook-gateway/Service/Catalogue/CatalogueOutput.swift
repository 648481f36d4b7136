import EventLogPort
import Events
import Foundation
import Model

/// One thing that the catalogue writes, and what caused it.
struct CatalogueOutput: Sendable, Equatable {
    enum Effect: Sendable, Equatable {
        case image(ImageRecord)
        case dropImage(ImageName)
        case removal(RemovalRecord)
        case dropRemoval(ImageName)
        case unnamed(UnnamedRecord)
        case dropUnnamed(Digest)
        case dropInventory(key: String)
        case dropScanStatus(Digest)
        case registry(Registry)
        case dropRegistry(RegistryName)
        /// The version and the head.
        case policy(Policy)
        /// The head; the versions stay, since verdicts name them.
        case dropPolicy(PolicyID)
        case settings(SettingsRecord)
        case token(TokenRecord)
        case dropToken(id: String)
        case candidate(CandidateRecord)
        case dropCandidate(key: String)
        case alarm(AlarmRecord)
        case dropAlarm(key: String)
        case dropScanner(instance: String)
        case request(ScanRequest, pool: String, Topics.Lane)
        /// Has intake ask the registry.
        case resolve(Delivery)
        case timeline(TimelineEntry)
        case audit(AuditEntry)
        case reply(Reply)
    }

    /// The header of state records that names the position in `changes` that was applied last to their key: a change
    /// that is delivered again after a crash is recognised by it.
    static let appliedHeader = "pratique-applied"

    var effect: Effect
    var context: EventContext
    var applied: Int64?

    /// - Throws: `EventError`, or `EventLogError.badName` for a pool that cannot be part of a topic's name.
    func drafts() throws -> [RecordDraft] {
        var drafts = try plainDrafts()
        guard let applied else { return drafts }
        for index in drafts.indices where CatalogueState.ownTopics.contains(drafts[index].topic) {
            drafts[index].headers.append(Header(Self.appliedHeader, String(applied)))
        }
        return drafts
    }

    private func plainDrafts() throws -> [RecordDraft] {
        switch effect {
        case .image(let record): return [try RecordDraft(Topics.images, key: record.name.text, record, context)]
        case .dropImage(let name): return [.tombstone(Topics.images, key: name.text, context)]
        case .removal(let record): return [try RecordDraft(Topics.removals, key: record.name.text, record, context)]
        case .unnamed(let record): return [try RecordDraft(Topics.unnamed, key: record.digest.text, record, context)]
        case .dropUnnamed(let digest): return [.tombstone(Topics.unnamed, key: digest.text, context)]
        case .dropInventory(let key): return [.tombstone(Topics.inventories, key: key, context)]
        case .dropScanStatus(let digest): return [.tombstone(Topics.scanStatus, key: digest.text, context)]
        case .dropRemoval(let name): return [.tombstone(Topics.removals, key: name.text, context)]
        case .registry(let registry):
            return [try RecordDraft(Topics.registries, key: registry.name.text, RegistryRecord(registry), context)]
        case .dropRegistry(let name): return [.tombstone(Topics.registries, key: name.text, context)]
        case .policy(let policy):
            return try [PolicyRecord.versionKey(policy), policy.id.text].map {
                try RecordDraft(Topics.policies, key: $0, PolicyRecord(policy), context)
            }
        case .dropPolicy(let id): return [.tombstone(Topics.policies, key: id.text, context)]
        case .settings(let record): return [try RecordDraft(Topics.settings, key: SettingsRecord.key, record, context)]
        case .token(let record): return [try RecordDraft(Topics.access, key: record.id, record, context)]
        case .dropToken(let id): return [.tombstone(Topics.access, key: id, context)]
        case .candidate(let record): return [try RecordDraft(Topics.candidates, key: record.key, record, context)]
        case .dropCandidate(let key): return [.tombstone(Topics.candidates, key: key, context)]
        case .alarm(let record): return [try RecordDraft(Topics.alarms, key: record.key, record, context)]
        case .dropAlarm(let key): return [.tombstone(Topics.alarms, key: key, context)]
        case .dropScanner(let instance): return [.tombstone(Topics.scanners, key: instance, context)]
        case .request(let request, let pool, let lane):
            return [try RecordDraft(Topics.scanRequests(pool: pool, lane), key: request.key, request, context)]
        case .resolve(let delivery):
            return [try RecordDraft(Topics.webhookDeliveries, key: delivery.id, delivery, context)]
        case .timeline(let entry): return [try RecordDraft(Topics.timeline, key: entry.name.text, entry, context)]
        case .audit(let entry): return [try RecordDraft(Topics.audit, key: entry.subject, entry, context)]
        case .reply(let reply): return [try RecordDraft(Topics.replies, key: reply.command, reply, context)]
        }
    }
}

extension CatalogueOutput.Effect {
    /// The record that it replaces, for state.
    var place: (topic: TopicName, key: String)? {
        switch self {
        case .image(let record): (Topics.images.name, record.name.text)
        case .registry(let registry): (Topics.registries.name, registry.name.text)
        case .dropRegistry(let name): (Topics.registries.name, name.text)
        case .policy(let policy): (Topics.policies.name, policy.id.text)
        case .dropPolicy(let id): (Topics.policies.name, id.text)
        case .settings: (Topics.settings.name, SettingsRecord.key)
        case .token(let record): (Topics.access.name, record.id)
        case .dropToken(let id): (Topics.access.name, id)
        case .dropImage, .removal, .dropRemoval, .unnamed, .dropUnnamed, .dropInventory, .dropScanStatus, .candidate,
            .dropCandidate, .alarm, .dropAlarm, .dropScanner, .request, .resolve, .timeline, .audit, .reply:
            nil
        }
    }
}

/// Collects what one input makes the catalogue write.
struct CatalogueOutbox {
    static let source = "webhook-gateway"
    static let namesPerAsk = 100

    let cause: EventContext
    let now: Date
    /// The position of the change that is applied; nil for what the clock or another topic caused.
    let applied: Int64?
    private(set) var outputs: [CatalogueOutput] = []
    private var asks: [AskKey: [ImageName]] = [:]

    private struct AskKey: Hashable, Comparable {
        let registry: RegistryName
        let source: ImageRecord.Source
        static func < (left: Self, right: Self) -> Bool {
            (left.registry, left.source) < (right.registry, right.source)
        }
    }

    init(cause: EventContext, now: Date, applied: Int64? = nil) {
        self.cause = cause
        self.now = now.milliseconds
        self.applied = applied
    }

    /// - Parameter first: before everything that was added so far.
    mutating func add(_ effect: CatalogueOutput.Effect, first: Bool = false) {
        let suffix: String
        switch effect {
        case .image(let record): suffix = "image/\(record.name)"
        case .dropImage(let name): suffix = "image/\(name)/purged"
        case .removal(let record): suffix = "removal/\(record.name)"
        case .dropRemoval(let name): suffix = "removal/\(name)/ended"
        case .unnamed(let record): suffix = "unnamed/\(record.digest.short)"
        case .dropUnnamed(let digest): suffix = "unnamed/\(digest.short)/ended"
        case .dropInventory(let key): suffix = "inventory/\(key)/ended"
        case .dropScanStatus(let digest): suffix = "scan-status/\(digest.short)/ended"
        case .alarm(let record): suffix = "alarm/\(record.key)"
        case .dropAlarm(let key): suffix = "alarm/\(key)/ended"
        case .dropScanner(let instance): suffix = "scanner/\(instance)/forgotten"
        case .request(let request, _, let lane):
            suffix = "request/\(lane.rawValue)/\(request.name)/\(request.digest.short)"
        case .timeline(let entry): suffix = "timeline/\(entry.step.rawValue)/\(entry.name)"
        case .resolve(let delivery): suffix = "resolve/\(delivery.id)"
        case .audit(let entry): suffix = "audit/\(entry.action)/\(entry.subject)"
        case .reply: suffix = "reply"
        default: suffix = "configuration"
        }
        let context = cause.caused(suffix, by: Self.source, at: now)
        outputs.insert(
            CatalogueOutput(effect: effect, context: context, applied: applied), at: first ? 0 : outputs.count)
    }

    mutating func note(_ step: TimelineEntry.Step, _ image: ImageRecord, _ detail: String) {
        add(.timeline(TimelineEntry(name: image.name, digest: image.digest, step: step, detail: detail, at: now)))
    }

    /// Tells whoever gave the condition what became of the wish; nobody waits for one without.
    mutating func done(_ condition: Change.Condition?, version: Int? = nil) {
        guard condition != nil else { return }
        add(.reply(Reply(command: cause.id, state: .done, message: "done", version: version, at: now)))
    }

    mutating func refuse(_ refusal: Reply.Refusal, _ reason: String) {
        add(.reply(Reply(command: cause.id, state: .failed, message: reason, refusal: refusal, at: now)))
    }

    /// Has the registry asked for the name; names of one registry go together.
    mutating func ask(_ image: ImageRecord) { ask(image.name, image.sources.first ?? .api) }

    mutating func ask(_ name: ImageName, _ source: ImageRecord.Source) {
        let key = AskKey(registry: name.registry, source: source)
        if asks[key]?.contains(name) != true { asks[key, default: []].append(name) }
    }

    /// Everything collected, the asks last: with the registries' records as they are now.
    mutating func finish(_ registries: [RegistryName: Registry]) -> [CatalogueOutput] {
        for (key, names) in asks.sorted(by: { $0.key < $1.key }) {
            for (number, first) in stride(from: 0, to: names.count, by: Self.namesPerAsk).enumerated() {
                let part = Array(names[first..<min(first + Self.namesPerAsk, names.count)])
                let id = "\(cause.id)/ask/\(key.registry)/\(key.source.rawValue)/\(number)"
                add(
                    .resolve(
                        Delivery(
                            id: id, registry: key.registry, content: .resolve(part), source: key.source,
                            receivedAt: now, registryVersion: registries[key.registry]?.version)))
            }
        }
        asks = [:]
        return outputs
    }
}
