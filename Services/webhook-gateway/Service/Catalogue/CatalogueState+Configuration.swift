import Events
import Foundation
import Model
import RegistryAccess

/// Registries, policies, settings and tokens.
extension CatalogueState {
    static let trashDaysRange = 0...3_650
    static let backgroundRequestsRange = 1...10_000

    /// What a catalogue that has never been written starts with.
    mutating func firstStart(context: EventContext, now: Date) -> [CatalogueOutput] {
        guard policies.isEmpty, policyVersions.isEmpty else { return [] }
        var outbox = CatalogueOutbox(cause: context, now: now)
        put(Policy.standard, &outbox)
        return finish(&outbox)
    }

    mutating func put(_ wish: Registry, _ outbox: inout CatalogueOutbox) throws(CatalogueRefusal) {
        do { _ = try Topics.scanRequests(pool: wish.pool, .urgent) } catch {
            throw CatalogueRefusal(reason: "the pool “\(wish.pool)” cannot be part of a topic's name")
        }
        var registry = wish
        if let old = registries[wish.name] {
            // A credential that was given for one address is not sent to another.
            if registry.credential == old.credential, !CredentialSealer.survives(from: old, to: registry) {
                registry.credential = nil
            }
            registry.version = old.version
            guard registry != old else { return }
            registry.version += 1
        } else {
            registry.version = 1
        }
        registries[registry.name] = registry
        outbox.add(.registry(registry))
        retryAll(of: registry.name, &outbox)
    }

    /// The cause of failures may have gone with the old record: what failed is tried now. Indexes of which a platform
    /// was added are read again.
    private mutating func retryAll(of registry: RegistryName, _ outbox: inout CatalogueOutbox) {
        for record in images.values.filter({ $0.name.registry == registry && $0.trash == nil }).sorted(by: {
            $0.name < $1.name
        }) {
            if case .waiting = record.resolution { wait(record, &outbox) }
            guard let digest = record.digest, let status = scans[digest] else { continue }
            if case .failed = status.state {
                enqueue(record.name, reason: "registry changed")
            } else if !status.covers(registries[registry]?.platforms ?? []) {
                enqueue(record.name, reason: "platforms changed")
            }
        }
    }

    mutating func delete(_ name: RegistryName, _ outbox: inout CatalogueOutbox) {
        guard registries.removeValue(forKey: name) != nil else { return }
        for var record in images.values.filter({ $0.name.registry == name }).sorted(by: { $0.name < $1.name }) {
            if record.trash != nil {
                guard record.trash?.keepsOut == true else { continue }
                record.trash?.keepsOut = false
                record.resolution = .waiting(nil)
                write(record, &outbox)
                continue
            }
            record.trash = trash("registry.delete", "the registry \(name) was deleted", outbox.now)
            // Unknown from here on: configured again, the registry brings them back by showing them.
            record.resolution = .waiting(nil)
            write(record, &outbox)
            outbox.note(.removed, record, "the registry was deleted")
        }
        for candidate in candidates.values.filter({ $0.name.registry == name }).sorted(by: { $0.key < $1.key }) {
            dropCandidate(candidate.key)
            outbox.add(.dropCandidate(key: candidate.key))
        }
        for image in removals.keys.filter({ $0.registry == name }).sorted() { endRemoval(of: image, &outbox) }
        outbox.add(.dropRegistry(name))
    }

    mutating func put(_ wish: Policy, _ outbox: inout CatalogueOutbox) {
        var policy = wish
        if let old = policies[wish.id] {
            policy.version = old.version
            if policy == old { return }
        }
        policy.version = (policyVersions[wish.id] ?? 0) + 1
        policies[policy.id] = policy
        policyVersions[policy.id] = policy.version
        outbox.add(.policy(policy))
    }

    mutating func delete(_ id: PolicyID, _ outbox: inout CatalogueOutbox) {
        if policies.removeValue(forKey: id) != nil { outbox.add(.dropPolicy(id)) }
    }

    mutating func put(_ wish: SettingsRecord, _ outbox: inout CatalogueOutbox) {
        var record = wish
        record.trashDays = min(max(wish.trashDays, Self.trashDaysRange.lowerBound), Self.trashDaysRange.upperBound)
        let range = Self.backgroundRequestsRange
        record.backgroundRequestsMax = min(max(wish.backgroundRequestsMax, range.lowerBound), range.upperBound)
        guard record != settings || !hasSettings else { return }
        settings = record
        hasSettings = true
        outbox.add(.settings(record))
    }

    mutating func put(_ token: TokenRecord, _ outbox: inout CatalogueOutbox) {
        guard tokens[token.id] != token else { return }
        tokens[token.id] = token
        outbox.add(.token(token))
    }
}
