import Events
import Foundation
import Model

/// What registries show and people wish, name by name.
extension CatalogueState {
    /// Who removed an image that the registry answered 404 for.
    static let registryActor = "registry"
    static let firstDelaySeconds: TimeInterval = 30
    static let delayMaxSeconds: TimeInterval = 6 * 3600

    mutating func observe(_ seen: Change.Observation, _ outbox: inout CatalogueOutbox) {
        guard registries[seen.name.registry] != nil else { return }
        guard let old = images[seen.name] else {
            if removals[seen.name]?.digest == seen.digest { return }
            endRemoval(of: seen.name, &outbox)
            let record = ImageRecord(
                name: seen.name, digest: seen.digest, mediaType: seen.mediaType, sources: [seen.source],
                firstSeenAt: outbox.now, boundAt: outbox.now, resolution: .resolved)
            bind(record, urgent: seen.urgent, reason: "observed", &outbox)
            return
        }
        let isSame = old.digest == seen.digest && old.resolution == .resolved
        var record = old
        if old.trash?.keepsOut == true, old.digest == seen.digest {
            record.resolution = .resolved
            if !isSame { write(record, &outbox) }
            return
        }
        record.trash = nil
        record.mediaType = seen.mediaType
        // A scan only looks again at what another source has shown.
        if seen.source != .scan || record.sources.isEmpty { record.sources = Self.sorted(record.sources, seen.source) }
        if isSame {
            if record != old { write(record, &outbox) }
            return
        }
        if record.digest != seen.digest {
            record.boundAt = outbox.now
            record.upload = nil
        }
        record.digest = seen.digest
        record.resolution = .resolved
        record.isAwaited = false
        bind(record, urgent: seen.urgent, reason: "observed", &outbox)
    }

    private mutating func bind(_ record: ImageRecord, urgent: Bool, reason: String, _ outbox: inout CatalogueOutbox) {
        write(record, &outbox)
        outbox.note(.observed, record, "by \(record.sources.map(\.rawValue).joined(separator: ", "))")
        request(record.name, urgent ? .urgent : .background, reason: reason, &outbox)
    }

    mutating func lose(_ absence: Change.Absence, _ outbox: inout CatalogueOutbox) {
        if removals[absence.name] != nil {
            endRemoval(of: absence.name, &outbox)
            // As below: what keeps the image out is gone, and the answer may be older than a push.
            if images[absence.name] == nil, registries[absence.name.registry] != nil {
                outbox.ask(absence.name, absence.source)
            }
        }
        guard let old = images[absence.name], old.resolution != .notFound, old.resolution != .notPushed else { return }
        var record = old
        record.trash?.keepsOut = false
        record.resolution = .notFound
        // Registered or restored by somebody, and never shown since: it stays listed, so that they can see why.
        let staysListed = old.digest == nil || old.isAwaited
        if old.trash == nil, !staysListed {
            let evidence =
                "the registry answered 404 for \(absence.name) (asked because of: \(absence.source.rawValue))"
            record.trash = trash(Self.registryActor, evidence, outbox.now)
        }
        write(record, &outbox)
        outbox.note(.gone, record, "the registry has no such image")
        // The answer may be older than a push: ask once more now that it is written.
        if registries[record.name.registry] != nil { outbox.ask(record) }
    }

    mutating func fail(_ failed: Change.Unresolved, _ outbox: inout CatalogueOutbox) {
        guard registries[failed.name.registry] != nil, images[failed.name]?.trash == nil, removals[failed.name] == nil
        else { return }
        if failed.failure.kind == .unreachable { missed(failed.name.registry, at: outbox.now) }
        let known = images[failed.name]
        // What CI registered stays so until a registry shows it.
        if known?.resolution == .notPushed { return askLater(failed.name, outbox.now) }
        // The registry's record has changed since it was asked: the cause may have gone with the old one.
        let isStale = failed.registryVersion.map { $0 < registries[failed.name.registry]?.version ?? 0 } ?? false
        var attempt = 1
        if case .waiting(let before?)? = known?.resolution {
            attempt = before.attempt + 1
            // Several deliveries of one name, while the wait for the next attempt runs, are one failure.
            if !isStale, before.kind == failed.failure.kind {
                if let next = before.nextAttemptAt, outbox.now < next { return }
                if before.nextAttemptAt == nil, failed.failure.nextAttemptAt == nil { return }
            }
        }
        var record =
            known
            ?? ImageRecord(
                name: failed.name, sources: [failed.source], firstSeenAt: outbox.now, resolution: .waiting(nil))
        var failure = failed.failure
        failure.attempt = attempt
        if isStale {
            failure.nextAttemptAt = outbox.now
        } else if let next = failure.nextAttemptAt {
            let own = outbox.now.addingTimeInterval(Self.delay(after: attempt, of: failed.name))
            failure.nextAttemptAt = max(next, own).milliseconds
        }
        record.resolution = .waiting(failure)
        write(record, &outbox)
        outbox.note(.failed, record, failure.message)
    }

    mutating func register(_ wish: Change.Registration, _ outbox: inout CatalogueOutbox) {
        guard registries[wish.name.registry] != nil else { return }
        endRemoval(of: wish.name, &outbox)
        guard let old = images[wish.name] else {
            let record = ImageRecord(
                name: wish.name, sources: [.api], firstSeenAt: outbox.now, resolution: .waiting(nil), isAwaited: true)
            write(record, &outbox)
            outbox.note(.observed, record, "registered by \(wish.actor)")
            wait(record, &outbox)
            return
        }
        var record = old
        record.sources = Self.sorted(record.sources, .api)
        let isShown = old.trash == nil && old.resolution == .resolved
        if !isShown { becomeAwaited(&record) }
        if record != old { write(record, &outbox) }
        if !isShown { wait(record, &outbox) }
    }

    /// Into the catalogue until a registry says more of it.
    private func becomeAwaited(_ record: inout ImageRecord) {
        record.trash = nil
        if record.resolution == .notPushed { return }
        record.resolution = .waiting(nil)
        record.isAwaited = true
    }

    mutating func remove(_ wish: Change.Removal, _ outbox: inout CatalogueOutbox) {
        func refuse(_ reason: String) {
            outbox.add(
                .audit(
                    AuditEntry(
                        actor: wish.actor, action: "image.remove-refused", subject: wish.name.text, detail: reason,
                        at: outbox.now)))
        }
        guard var record = images[wish.name], record.trash == nil else {
            return refuse("there is no such image in the catalogue")
        }
        guard record.revision == wish.revision else {
            return refuse("revision \(wish.revision) was judged, but \(record.revision) is current")
        }
        record.trash = trash(wish.actor, wish.evidence, outbox.now)
        record.trash?.keepsOut = true
        write(record, &outbox)
        outbox.note(.removed, record, wish.evidence)
        outbox.add(
            .audit(
                AuditEntry(
                    actor: wish.actor, action: "image.remove", subject: wish.name.text, detail: wish.evidence,
                    at: outbox.now)))
    }

    mutating func restore(_ wish: Change.Restoration, _ outbox: inout CatalogueOutbox) {
        func refuse(_ reason: String) {
            outbox.add(
                .audit(
                    AuditEntry(
                        actor: wish.actor, action: "image.restore-refused", subject: wish.name.text, detail: reason,
                        at: outbox.now)))
        }
        guard var record = images[wish.name], let trash = record.trash else { return refuse("it is not in the trash") }
        guard outbox.now < trash.restorableUntil else { return refuse("its time in the trash is over") }
        guard registries[wish.name.registry] != nil else { return refuse("its registry is not configured") }
        becomeAwaited(&record)
        write(record, &outbox)
        outbox.note(.restored, record, "by \(wish.actor)")
        outbox.add(
            .audit(
                AuditEntry(
                    actor: wish.actor, action: "image.restore", subject: wish.name.text, detail: trash.evidence,
                    at: outbox.now)))
        wait(record, &outbox)
    }

    /// Asks the registry now, and again when no answer comes; for what CI registered, only when it cannot be asked.
    mutating func wait(_ record: ImageRecord, _ outbox: inout CatalogueOutbox) {
        outbox.ask(record)
        guard record.resolution != .notPushed else { return }
        timers.add(.ask(record.name), at: outbox.now.addingTimeInterval(Self.askAgainSeconds))
    }

    /// Asks again for a name that CI registered, once.
    private mutating func askLater(_ name: ImageName, _ now: Date) {
        guard askedLater.insert(name).inserted else { return }
        timers.add(.ask(name), at: now.addingTimeInterval(Self.askAgainSeconds))
    }

    func trash(_ actor: String, _ evidence: String, _ now: Date) -> ImageRecord.Trash {
        ImageRecord.Trash(
            removedAt: now, restorableUntil: now.addingTimeInterval(Double(settings.trashDays) * 86_400), actor: actor,
            evidence: evidence)
    }

    static func sorted(_ sources: [ImageRecord.Source], _ added: ImageRecord.Source) -> [ImageRecord.Source] {
        sources.contains(added) ? sources : (sources + [added]).sorted()
    }

    /// Doubled for each attempt up to the maximum, then spread over its upper half by the name, so that names that
    /// failed together are not asked together and the same input gives the same record.
    static func delay(after attempt: Int, of name: ImageName) -> TimeInterval {
        let whole = min(firstDelaySeconds * Double(1 << min(attempt - 1, 20)), delayMaxSeconds)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(name)#\(attempt)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return whole * (0.5 + 0.5 * Double(hash >> 11) / Double(UInt64(1) << 53))
    }
}
