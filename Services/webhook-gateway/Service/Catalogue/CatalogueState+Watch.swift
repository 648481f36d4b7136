import Events
import Foundation
import Model

/// What nobody asks for: alarms, and images that fell through.
extension CatalogueState {
    static let watchEvery: TimeInterval = 30
    /// How long images of a pool may wait without a scanner before it is an alarm: at a start scanners come late.
    static let unservedSeconds: TimeInterval = 60
    /// A scanner that ended without a word is forgotten after this time.
    static let scannerForgottenSeconds: TimeInterval = 86_400
    static let reconcileEvery: TimeInterval = 3_600
    /// An attempt that is overdue by so much has lost its timer.
    static let overdueSeconds: TimeInterval = 600

    /// - Parameter record: nil for one that has stopped.
    mutating func heard(
        _ instance: String, _ record: ScannerRecord?, context: EventContext, now: Date
    ) -> [CatalogueOutput] {
        scanners[instance] = record
        var outbox = CatalogueOutbox(cause: context, now: now)
        watch(&outbox)
        return finish(&outbox)
    }

    mutating func watch(_ outbox: inout CatalogueOutbox) {
        let now = outbox.now
        for (instance, scanner) in scanners.sorted(by: { $0.key < $1.key })
        where now.timeIntervalSince(scanner.at) > Self.scannerForgottenSeconds {
            scanners[instance] = nil
            outbox.add(.dropScanner(instance: instance))
        }
        let served = Set(
            scanners.values.lazy.filter { now.timeIntervalSince($0.at) <= ScannerRecord.aliveSeconds }.flatMap(\.pools))
        var wanted: Set<String> = []
        for pool in Set(registries.values.map(\.pool)).subtracting(served).sorted() where isWaiting(pool) {
            let since = unserved[pool] ?? now
            unserved[pool] = since
            wanted.insert(pool)
            guard now.timeIntervalSince(since) >= Self.unservedSeconds else { continue }
            let alarm = Self.alarm(pool, since)
            guard alarms[alarm.key] == nil else { continue }
            alarms[alarm.key] = alarm
            outbox.add(.alarm(alarm))
        }
        unserved = unserved.filter { wanted.contains($0.key) }
        for (key, alarm) in alarms.sorted(by: { $0.key < $1.key })
        where alarm.kind == .poolWithoutScanner && !wanted.contains(alarm.subject) {
            alarms[key] = nil
            outbox.add(.dropAlarm(key: key))
        }
    }

    private static func alarm(_ pool: String, _ since: Date) -> AlarmRecord {
        AlarmRecord(
            kind: .poolWithoutScanner, subject: pool,
            message: "images wait to be scanned in the pool “\(pool)”, and no scanner serves it: start one with "
                + "scanner.pools=\(pool), or give its registries another pool", since: since)
    }

    /// Whether images of the pool are asked for, or are to be. Requests of a registry that has another pool now are not
    /// counted.
    private func isWaiting(_ pool: String) -> Bool {
        guard let book = books[pool] else { return false }
        return book.backlog > 0
            || book.open.keys.contains { digest in names[digest]?.contains { self.pool(of: $0) == pool } ?? false }
    }

    /// Asks again for whatever fell through, whichever way.
    mutating func reconcile(_ outbox: inout CatalogueOutbox) {
        wantCurrentInventories()
        func isOverdue(_ failure: Failure) -> Bool {
            failure.nextAttemptAt.map { outbox.now.timeIntervalSince($0) > Self.overdueSeconds } ?? false
        }
        for (digest, status) in scans.sorted(by: { $0.key < $1.key }) {
            guard case .failed(let failure) = status.state, isOverdue(failure), let name = puller(of: digest),
                books[pool(of: name)]?.open[digest] == nil
            else { continue }
            enqueue(name, digest: digest, reason: "retry")
        }
        for record in images.values.sorted(by: { $0.name < $1.name }) where record.trash == nil {
            if case .waiting(let failure?) = record.resolution, isOverdue(failure) { wait(record, &outbox) }
        }
    }
}
