import EventLogPort
import Events
import Foundation
import Model

/// What intake looks up: the configured registries, and which names a repository has in the catalogue.
///
/// In memory, read from the log at each start. Names are needed where a webhook tells that a digest or a repository was
/// deleted: the registry is then asked for each of them.
final class IntakeDirectory: Sendable {
    struct Content: Sendable {
        var registries: [RegistryName: Registry] = [:]
        /// Registries whose record has a newer schema.
        var newer: [RegistryName: EventError] = [:]
        /// Live images by repository, with their digests.
        var images: [Repository: [ImageName: Digest?]] = [:]
    }

    struct Repository: Hashable, Sendable {
        let registry: RegistryName
        let name: RepositoryName
    }

    static let lagMax: Duration = .seconds(10)

    private let store = MemoryViewStore(Content())
    private let log: any EventLog
    let view: View<IntakeProjection, MemoryViewStore<Content>>

    init(
        log: any EventLog,
        view: (IntakeProjection, MemoryViewStore<Content>) -> View<IntakeProjection, MemoryViewStore<Content>>
    ) {
        self.log = log
        self.view = view(IntakeProjection(), store)
    }

    /// The registry; one that is not known yet, or not in the version that is asked for, may have been written a moment
    /// ago.
    /// - Throws: `EventError.newerSchema`: the delivery waits for a program that reads the registry's record.
    func registry(_ name: RegistryName, atLeast version: Int? = nil) async throws -> Registry? {
        if let known = store.read({ $0.registries[name] }), known.version >= version ?? 0 { return known }
        try await catchUp(Topics.registries.name)
        if let error = store.read({ $0.newer[name] }) { throw error }
        return store.read { $0.registries[name] }
    }

    /// The catalogue's names of a repository, of one digest only where it is given.
    func names(in repository: Repository, digest: Digest?) async throws -> [ImageName] {
        try await catchUp(Topics.images.name)
        let names = store.read { $0.images[repository] } ?? [:]
        return names.filter { digest == nil || $0.value == digest }.map(\.key).sorted()
    }

    private func catchUp(_ topic: TopicName) async throws {
        var ends: [TopicPartition: Int64] = [:]
        for (partition, end) in try await log.end(of: topic) {
            ends[TopicPartition(topic: topic, partition: partition)] = end
        }
        // What a late view does not have is no answer: the delivery waits for it.
        try await view.waitFor(ends, within: Self.lagMax)
    }
}

struct IntakeProjection: Projection {
    enum Effect: Sendable {
        case registry(RegistryName, Registry?)
        case image(ImageName, ImageRecord?)
        case nothing
    }

    let version = 1
    let topics = [Topics.registries.name, Topics.images.name]

    func prepare(_ record: WholeRecord) async throws -> Effect {
        if record.id.topic == Topics.registries.name {
            guard let name = try? RegistryName(record.key) else { return .nothing }
            return .registry(name, record.value == nil ? nil : try record.payload(RegistryRecord.self).registry)
        }
        guard let name = try? ImageName(record.key) else { return .nothing }
        return .image(name, record.value == nil ? nil : try record.payload(ImageRecord.self))
    }

    func apply(
        _ effect: Effect, of record: WholeRecord,
        in transaction: borrowing MemoryViewStore<IntakeDirectory.Content>.Transaction
    ) throws {
        switch effect {
        case .nothing: break
        case .registry(let name, let registry):
            transaction.state.registries[name] = registry
            transaction.state.newer[name] = nil
        case .image(let name, let image):
            let repository = IntakeDirectory.Repository(registry: name.registry, name: name.repository)
            if let image, image.trash == nil {
                transaction.state.images[repository, default: [:]][name] = .some(image.digest)
            } else {
                transaction.state.images[repository]?[name] = nil
                if transaction.state.images[repository]?.isEmpty == true { transaction.state.images[repository] = nil }
            }
        }
    }

    func unreadable(
        _ record: WholeRecord, because error: any Error,
        in transaction: borrowing MemoryViewStore<IntakeDirectory.Content>.Transaction
    ) throws {
        // Without its record a registry's deliveries become dead letters with that reason; a name is asked for anyway.
        if record.id.topic == Topics.registries.name, let name = try? RegistryName(record.key) {
            transaction.state.registries[name] = nil
            transaction.state.newer[name] = nil
            if let error = error as? EventError, case .newerSchema = error { transaction.state.newer[name] = error }
        }
    }

    func reset(in transaction: borrowing MemoryViewStore<IntakeDirectory.Content>.Transaction) throws {
        transaction.state = IntakeDirectory.Content()
    }
}
