import Events
import Foundation
import Model

/// What happens because time passed, and at a take-over.
extension CatalogueState {
    /// When `tick` has something to do next.
    var nextWake: Date? {
        ([timers.next] + books.values.map(\.nextLease)).compactMap { $0 }.min()
    }

    /// Does what is due, at most `timersPerTickMax` things; the rest is due at once again.
    mutating func tick(context: EventContext, now: Date) -> [CatalogueOutput] {
        var outbox = CatalogueOutbox(cause: context, now: now)
        for _ in 0..<Self.timersPerTickMax {
            guard let key = timers.take(dueAt: outbox.now) else { break }
            fire(key, &outbox)
        }
        fill(&outbox)
        return finish(&outbox)
    }

    private mutating func fire(_ key: TimerKey, _ outbox: inout CatalogueOutbox) {
        switch key {
        case .retry(let digest):
            guard case .failed(let failure)? = scans[digest]?.state, let at = failure.nextAttemptAt, at <= outbox.now,
                let name = puller(of: digest), books[pool(of: name)]?.open[digest] == nil
            else { return }
            enqueue(name, digest: digest, reason: "retry")
        case .ask(let name):
            let isLate = askedLater.remove(name) != nil
            guard let record = images[name], record.trash == nil else { return }
            if isLate, record.resolution == .notPushed { return outbox.ask(record) }
            guard case .waiting(let failure) = record.resolution else { return }
            if let failure {
                guard let at = failure.nextAttemptAt, at <= outbox.now else { return }
            }
            wait(record, &outbox)
        case .candidate(let key): expire(key, &outbox)
        case .unnamed(let digest): if isOverdue(digest, outbox.now) { overdue.insert(digest) }
        case .back(let registry): bringBack(registry, &outbox)
        case .watch:
            watch(&outbox)
            timers.add(.watch, at: outbox.now.addingTimeInterval(Self.watchEvery))
        case .reconcile:
            reconcile(&outbox)
            timers.add(.reconcile, at: outbox.now.addingTimeInterval(Self.reconcileEvery))
        case .purge(let name):
            guard let image = images[name], let trash = image.trash, trash.restorableUntil <= outbox.now else { return }
            if trash.keepsOut, let digest = image.digest {
                let removal = RemovalRecord(name: name, digest: digest, removedAt: trash.removedAt)
                removals[name] = removal
                outbox.add(.removal(removal))
            }
            forget(name)
            outbox.add(.dropImage(name))
        case .open(let digest, let pool):
            guard let open = books[pool]?.open[digest], outbox.now.timeIntervalSince(open.since) >= RequestBook.openMax
            else { return }
            books[pool]?.close(digest)
            if let name = puller(of: digest) { enqueue(name, digest: digest, reason: "no answer") }
        }
    }

    /// After everything was read: what an earlier instance may have left undone.
    mutating func takeOver(context: EventContext, now: Date) -> [CatalogueOutput] {
        // What was read tells how many have a digest, not that one went just now: that has its mark.
        touched = []
        var outputs = firstStart(context: context, now: now)
        var outbox = CatalogueOutbox(cause: context, now: now)
        takeOverUnnamed(&outbox)
        wantCurrentInventories()
        timers.add(.watch, at: outbox.now.addingTimeInterval(Self.watchEvery))
        timers.add(.reconcile, at: outbox.now.addingTimeInterval(Self.reconcileEvery))
        for record in images.values.sorted(by: { $0.name < $1.name }) where record.trash == nil {
            if record.resolution == .waiting(nil) {
                wait(record, &outbox)
            } else if let bound = record.boundAt, now.timeIntervalSince(bound) < Self.recheckSeconds {
                outbox.ask(record)
            }
        }
        fill(&outbox)
        outputs += finish(&outbox)
        for (key, verdict) in loadedVerdicts.sorted(by: { $0.key < $1.key }) {
            outputs += judged(key, verdict, context: context, now: now)
        }
        loadedVerdicts = [:]
        return outputs
    }
}
