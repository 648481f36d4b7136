import EventLogPort
import Events
import Foundation
import Model

@testable import WebhookGatewayService

/// A catalogue's state with the log's positions and a time that the test moves.
struct CatalogueBench {
    var state = CatalogueState()
    var position: Int64 = -1
    var now = Date(timeIntervalSince1970: 1_800_000_000)
    var last: [CatalogueOutput] = []

    init(registries: [String] = ["example"]) throws {
        for name in registries { try apply(.putRegistry(try Self.registry(name))) }
    }

    static func registry(_ name: String, platforms: [Platform] = [.linuxAMD64]) throws -> Registry {
        Registry(name: try RegistryName(name), url: "https://\(name).example.com", platforms: platforms)
    }

    static func digest(_ number: Int) -> Digest {
        Digest(sha256: (0..<32).map { UInt8(truncatingIfNeeded: number >> (($0 % 4) * 8)) })
    }

    static func name(_ text: String) -> ImageName {
        do { return try ImageName(text) } catch { preconditionFailure("\(error)") }
    }

    @discardableResult
    mutating func apply(_ change: Change) throws -> [CatalogueOutput] {
        position += 1
        return try apply(change, at: position)
    }

    @discardableResult
    mutating func apply(_ change: Change, at position: Int64) throws -> [CatalogueOutput] {
        let context = EventContext(id: "change-\(position)", source: "test", time: now)
        last = try state.apply(change, position: position, context: context, now: now)
        return last
    }

    @discardableResult
    mutating func observe(
        _ name: String, _ number: Int, source: ImageRecord.Source = .webhook, urgent: Bool = true
    ) throws -> [CatalogueOutput] {
        try apply(
            .observed(
                .init(
                    name: Self.name(name), digest: Self.digest(number), mediaType: .ociManifest, source: source,
                    urgent: urgent)))
    }

    /// CI registers the name for this digest, whatever the verdict.
    @discardableResult
    mutating func always(_ name: String, _ number: Int) throws -> [CatalogueOutput] {
        try apply(.candidate(candidate(Self.name(name), number)))
    }

    func candidate(
        _ name: ImageName, _ number: Int, _ register: CandidateRecord.Register = .always
    ) -> CandidateRecord {
        CandidateRecord(
            name: name, digest: Self.digest(number), inventoryKey: "key", register: register, uploader: "ci",
            createdAt: now, expiresAt: now.addingTimeInterval(7 * 86_400))
    }

    @discardableResult
    mutating func lose(_ name: String) throws -> [CatalogueOutput] {
        try apply(.gone(.init(name: Self.name(name), source: .webhook)))
    }

    @discardableResult
    mutating func fail(
        _ name: String, _ kind: Failure.Kind = .unreachable, after seconds: TimeInterval? = 30
    ) throws -> [CatalogueOutput] {
        let failure = Failure(
            kind: kind, message: "down", attempt: 1, nextAttemptAt: seconds.map { now.addingTimeInterval($0) })
        return try apply(.unresolved(.init(name: Self.name(name), source: .webhook, failure: failure)))
    }

    @discardableResult
    mutating func scanned(
        _ number: Int, _ state: ScanStatusRecord.State = .done, version: String = "1", name: String = "example/app:1",
        platforms: [Platform]? = nil
    ) -> [CatalogueOutput] {
        let status = ScanStatusRecord(
            digest: Self.digest(number), state: state, platforms: platforms, analyserVersion: version,
            name: Self.name(name), scanner: "s",
            finishedAt: now)
        last = self.state.scanned(status, context: EventContext(id: "scan", source: "test", time: now), now: now)
        return last
    }

    @discardableResult
    mutating func advance(_ seconds: TimeInterval) -> [CatalogueOutput] {
        now += seconds
        last = state.tick(
            context: EventContext(id: "tick-\(now.timeIntervalSince1970)", source: "test", time: now), now: now)
        return last
    }

    /// A new instance that reads everything that this one wrote: the newest record of each key.
    func restarted(from log: [CatalogueOutput]) throws -> (CatalogueBench, [CatalogueOutput]) {
        var next = self
        next.state = CatalogueState()
        var newest: [RecordID: RecordDraft] = [:]
        var keys: [String: RecordID] = [:]
        for (number, draft) in try log.flatMap({ try $0.drafts() }).enumerated() {
            let id = RecordID(topic: draft.topic, partition: 0, position: Int64(number))
            if let old = keys.updateValue(id, forKey: "\(draft.topic)/\(draft.key)") { newest[old] = nil }
            newest[id] = draft
        }
        for topic in CatalogueState.ownTopics + CatalogueState.reportTopics {
            for (id, draft) in newest.filter({ $0.key.topic == topic }).sorted(by: { $0.key.position < $1.key.position }
            ) {
                let record = WholeRecord(
                    id: id, key: draft.key, value: draft.value, headers: draft.headers, appendedAt: now)
                try next.state.load(record, now: now)
            }
        }
        for status in state.scans.values.sorted(by: { $0.digest < $1.digest }) { next.state.take(status) }
        let context = EventContext(id: "start", source: "test", time: now)
        let outputs = next.state.takeOver(context: context, now: now)
        return (next, outputs)
    }

    func image(_ name: String) -> ImageRecord? { state.images[Self.name(name)] }
}

extension [CatalogueOutput] {
    var images: [ImageRecord] { compactMap { if case .image(let record) = $0.effect { record } else { nil } } }
    var requests: [ScanRequest] {
        compactMap { if case .request(let request, _, _) = $0.effect { request } else { nil } }
    }
    func requests(_ wanted: Topics.Lane) -> [ScanRequest] {
        compactMap { if case .request(let request, _, wanted) = $0.effect { request } else { nil } }
    }
    var deliveries: [Delivery] { compactMap { if case .resolve(let delivery) = $0.effect { delivery } else { nil } } }
    var asked: [ImageName] {
        deliveries.flatMap { delivery -> [ImageName] in
            guard case .resolve(let names) = delivery.content else { return [] }
            return names
        }
    }
    var effects: [CatalogueOutput.Effect] { map(\.effect) }
    var audited: [String] { compactMap { if case .audit(let entry) = $0.effect { entry.action } else { nil } } }
    var registries: [Registry] { compactMap { if case .registry(let registry) = $0.effect { registry } else { nil } } }
    var policies: [Policy] { compactMap { if case .policy(let policy) = $0.effect { policy } else { nil } } }
}
