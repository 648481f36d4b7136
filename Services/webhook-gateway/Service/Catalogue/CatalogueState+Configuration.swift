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
        put(Policy.standard, under: nil, &outbox)
        return finish(&outbox)
    }

    /// Whether what is in force is as the wish wants it; a refusal is told.
    /// - Parameter version: the one in force; nil for none.
    private func meets(_ condition: Change.Condition?, _ version: Int?, _ outbox: inout CatalogueOutbox) -> Bool {
        switch (condition?.version, version) {
        case (nil, _), (.any, _), (.absent, nil), (.present, .some): return true
        case (.exactly(let wanted), let version?) where wanted == version: return true
        case (.absent, .some): outbox.refuse(.exists, "there is one of this name already")
        case (_, nil): outbox.refuse(.missing, "it does not exist")
        case (_, let version?): outbox.refuse(.changed, "it was changed meanwhile; its version is \(version)")
        }
        return false
    }

    mutating func put(
        _ wish: Registry, under condition: Change.Condition?, _ outbox: inout CatalogueOutbox
    ) throws(CatalogueRefusal) {
        do { _ = try Topics.scanRequests(pool: wish.pool, .urgent) } catch {
            throw CatalogueRefusal(reason: "the pool “\(wish.pool)” cannot be part of a topic's name")
        }
        let old = registries[wish.name]
        guard meets(condition, old?.version, &outbox) else { return }
        guard old != nil || registries.count < Limits.registriesMax else {
            return outbox.refuse(.tooMany, "there are \(Limits.registriesMax) registries already")
        }
        var registry = old.map { Self.keep(condition, of: $0, in: wish) } ?? wish
        registry.version = old?.version ?? 1
        if registry != old {
            if old != nil { registry.version += 1 }
            registries[registry.name] = registry
            outbox.add(.registry(registry))
            retryAll(of: registry.name, &outbox)
            // Requests for scanners of the pool before are nobody's any more.
            if let old, old.pool != registry.pool { wantCurrentInventories() }
        }
        outbox.done(condition, version: registry.version)
    }

    /// The wish with the secrets of the old record that stay.
    private static func keep(_ condition: Change.Condition?, of old: Registry, in wish: Registry) -> Registry {
        var registry = wish
        switch condition?.keepsWebhook {
        case .whole?: registry.webhook = old.webhook
        case .secret?:
            if let secret = old.webhook?.valueSHA256 { registry.webhook?.valueSHA256 = secret }
        case nil: break
        }
        switch condition?.keepsCredential {
        case .whileTrusted? where registry.isTrustedEasier(than: old): registry.credential = nil
        case .whileTrusted?, .always?: registry.credential = old.credential
        case nil: break
        }
        // A credential that was given for one address is not sent to another.
        if registry.credential == old.credential, !CredentialSealer.survives(from: old, to: registry) {
            registry.credential = nil
        }
        return registry
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

    mutating func delete(
        _ name: RegistryName, under condition: Change.Condition?, _ outbox: inout CatalogueOutbox
    ) {
        guard meets(condition, registries[name]?.version, &outbox) else { return }
        outbox.done(condition)
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
        away[name] = nil
        returning[name] = nil
        outbox.add(.dropRegistry(name))
    }

    mutating func put(_ wish: Policy, under condition: Change.Condition?, _ outbox: inout CatalogueOutbox) {
        let old = policies[wish.id]
        guard meets(condition, old?.version, &outbox) else { return }
        guard old != nil || policies.count < Limits.policiesMax else {
            return outbox.refuse(.tooMany, "there are \(Limits.policiesMax) policies already")
        }
        var policy = wish
        policy.version = old?.version ?? 0
        if policy != old {
            policy.version = (policyVersions[wish.id] ?? 0) + 1
            policies[policy.id] = policy
            policyVersions[policy.id] = policy.version
            outbox.add(.policy(policy))
        }
        outbox.done(condition, version: policy.version)
    }

    mutating func delete(_ id: PolicyID, under condition: Change.Condition?, _ outbox: inout CatalogueOutbox) {
        guard meets(condition, policies[id]?.version, &outbox) else { return }
        if policies.removeValue(forKey: id) != nil { outbox.add(.dropPolicy(id)) }
        outbox.done(condition)
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
        guard tokens[token.id] != nil || tokens.count < Limits.tokensMax else {
            return outbox.refuse(.tooMany, "there are \(Limits.tokensMax) tokens already; revoke some")
        }
        tokens[token.id] = token
        outbox.add(.token(token))
    }
}

extension Registry {
    /// Whether somebody who could not stand in for the registry before may now: its certificate is not checked any
    /// more, or another authority is believed.
    func isTrustedEasier(than old: Registry) -> Bool {
        (skipTLSVerification && !old.skipTLSVerification) || (caFile != nil && caFile != old.caFile)
    }
}
