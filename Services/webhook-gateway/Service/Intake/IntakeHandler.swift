import EventLogPort
import Events
import Foundation
import Logging
import Model
import RegistryAccess

/// Turns one delivery into questions to its registry.
struct IntakeHandler: RecordHandler {
    static let namesAtATime = 16
    /// Beyond it a delivery is refused as a whole; its bytes stay in the dead letters.
    static let namesMax = 20_000

    let directory: IntakeDirectory
    let asker: NameAsker
    let logger: Logger

    func handle(_ record: WholeRecord) async throws {
        let delivery = try record.payload(Delivery.self)
        guard let registry = try await directory.registry(delivery.registry, atLeast: delivery.registryVersion)
        else {
            // A question about names of a registry that was deleted meanwhile has no answer; a webhook is kept.
            if case .resolve = delivery.content { return }
            throw WebhookRefusal(reason: "the registry “\(delivery.registry)” is not configured")
        }
        let names: [ImageName]
        var pushed: [ImageName: NameAsker.Push] = [:]
        switch delivery.content {
        case .resolve(let asked): names = asked.filter { $0.registry == registry.name }
        case .webhook(let contentType, let body):
            let found = try WebhookDialects.dialect(of: registry.kind).hints(in: body, contentType: contentType)
            names = try await self.names(of: found.hints, registry)
            // Of several pushes of one name the last one counts: a body has its events in their order.
            for hint in found.hints {
                if let name = hint.pushedName(in: registry.name) { pushed[name] = .init(digest: hint.digest) }
            }
            if found.unreadable > 0 {
                // The readable entries are worked off, then the bytes are kept for whoever looks why.
                try await ask(names, pushed: pushed, delivery, record, registry)
                throw WebhookRefusal(reason: "\(found.unreadable) of its events cannot be read")
            }
        }
        try await ask(names, pushed: pushed, delivery, record, registry)
    }

    func disposition(of error: any Error, for record: WholeRecord) -> Disposition {
        switch error {
        case let error as WebhookRefusal: .deadLetter(reason: error.reason)
        case let error as EventError: error.disposition
        case let error as EventLogError: .of(error)
        case let error as ViewError: error.isTransient ? .wait(after: .seconds(1)) : .fatal
        default: .retry(after: .seconds(1))
        }
    }

    /// The names that a webhook makes worth asking for, each once.
    private func names(of hints: [WebhookHint], _ registry: Registry) async throws -> [ImageName] {
        var names: [ImageName] = []
        var seen: Set<ImageName> = []
        for hint in Set(hints).sorted(by: { ($0.repository, $0.tag?.text ?? "") < ($1.repository, $1.tag?.text ?? "") })
        {
            for name in try await self.names(of: hint, registry) where seen.insert(name).inserted { names.append(name) }
            guard names.count <= Self.namesMax else {
                throw WebhookRefusal(reason: "speaks of more than \(Self.namesMax) images")
            }
        }
        return names
    }

    private func names(of hint: WebhookHint, _ registry: Registry) async throws -> [ImageName] {
        if let tag = hint.tag {
            // What is attached to images is no image; a push outside the filter is none of ours.
            guard !tag.namesAttachment, registry.filter.contains(hint.repository, .tag(tag)) else { return [] }
            return [ImageName(registry: registry.name, repository: hint.repository, target: .tag(tag))]
        }
        // A push without a tag is a platform of an index or was made by digest: the name that it gets announces itself.
        guard hint.action == .delete else { return [] }
        let repository = IntakeDirectory.Repository(registry: registry.name, name: hint.repository)
        return try await directory.names(in: repository, digest: hint.digest)
    }

    private func ask(
        _ names: [ImageName], pushed: [ImageName: NameAsker.Push], _ delivery: Delivery, _ record: WholeRecord,
        _ registry: Registry
    ) async throws {
        let urgent = delivery.source != .enumeration
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, name) in names.enumerated() {
                if index >= Self.namesAtATime { try await group.next() }
                let wish = NameAsker.Wish(
                    name: name, source: delivery.source, urgent: urgent, push: pushed[name],
                    delivery: record.id,
                    context: record.context)
                group.addTask { try await asker.serve(wish, registry) }
            }
            try await group.waitForAll()
        }
    }
}

extension WebhookHint {
    /// The name that a push gave its image.
    fileprivate func pushedName(in registry: RegistryName) -> ImageName? {
        guard action == .push, let tag else { return nil }
        return ImageName(registry: registry, repository: repository, target: .tag(tag))
    }
}
