import Events
import Foundation
import Model

/// Which images want a scan, and how the scanners are asked.
extension CatalogueState {
    var analyserVersion: String? { analyserVersions.last }

    /// A scanner's report.
    mutating func scanned(_ status: ScanStatusRecord, context: EventContext, now: Date) -> [CatalogueOutput] {
        var outbox = CatalogueOutbox(cause: context, now: now)
        let isNewVersion = take(status)
        let isOutdated = isOutdated(status)
        if case .failed = status.state {} else { answered(status.name.registry, at: status.finishedAt) }
        for pool in books.keys { books[pool]?.close(status.digest) }
        if isOutdated { enqueue(status.name, digest: status.digest, reason: "registry changed") }
        if isNewVersion { wantCurrentInventories() }
        wantPlatforms(of: status)
        fill(&outbox)
        return finish(&outbox)
    }

    /// Takes a report over, from the log. True for one of an analyser version that was not seen before.
    @discardableResult
    mutating func take(_ status: ScanStatusRecord) -> Bool {
        scans[status.digest] = status
        beyond.remove(status.digest)
        if case .failed(let failure) = status.state {
            if let at = failure.nextAttemptAt { timers.add(.retry(status.digest), at: at) }
            if failure.kind == .unreachable { missed(status.name.registry, at: status.finishedAt) }
        }
        guard !analyserVersions.contains(status.analyserVersion) else { return false }
        analyserVersions.append(status.analyserVersion)
        return true
    }

    /// Whether the scan failed with a registry's record that has been replaced since it was asked for.
    private func isOutdated(_ status: ScanStatusRecord) -> Bool {
        guard case .failed = status.state, let registry = registries[status.name.registry],
            let asked = books[registry.pool]?.open[status.digest]?.registries[registry.name]
        else { return false }
        return asked < registry.version
    }

    /// Puts every image whose digest has no report, or one of an older analyser version, into the background's queue.
    mutating func wantCurrentInventories() {
        for record in images.values.filter(wantsScan).sorted(by: { $0.name < $1.name }) {
            if let digest = record.digest, scans[digest] != nil { versionAsked.insert(digest) }
            enqueue(record.name, digest: record.digest, reason: "no current inventory")
        }
    }

    /// Registries may configure other platforms of one index: what a report leaves out is asked for, by one name at a
    /// time, since the next report speaks for the platforms of both.
    private mutating func wantPlatforms(of status: ScanStatusRecord) {
        guard status.platforms != nil, let names = names[status.digest] else { return }
        let left = names.filter { images[$0]?.resolution == .resolved && !status.covers(platforms(of: $0)) }
        if let name = left.min() { enqueue(name, digest: status.digest, reason: "platforms not read") }
    }

    private func wantsScan(_ record: ImageRecord) -> Bool {
        guard record.trash == nil, record.resolution == .resolved, let digest = record.digest,
            books[pool(of: record.name)]?.open[digest] == nil, !beyond.contains(digest)
        else { return false }
        guard let status = scans[digest], status.covers(platforms(of: record.name)) else { return true }
        // During an upgrade scanners of both versions work: once a digest and tenure is enough.
        return status.analyserVersion != analyserVersion && !versionAsked.contains(digest)
    }

    /// Asks for a scan of the name's digest, or where one is open already, for the name.
    mutating func request(
        _ name: ImageName, _ lane: Topics.Lane, reason: String, _ outbox: inout CatalogueOutbox
    ) {
        if lane == .urgent { return issue(name, .urgent, reason: reason, &outbox) }
        // There is nothing to read, only the name to be asked for once more: the queue would forget that at a restart.
        if let record = images[name], record.resolution == .resolved, isKnown(record.digest, platforms(of: name)) {
            return outbox.ask(record)
        }
        enqueue(name, reason: reason)
    }

    /// Whether the digest has a current inventory of these platforms, or none to make.
    private func isKnown(_ digest: Digest?, _ platforms: [Platform]) -> Bool {
        guard let digest, let status = scans[digest] else { return false }
        if case .failed = status.state { return false }
        return status.analyserVersion == analyserVersion && status.covers(platforms)
    }

    /// Moves images from the queue to the scanners, as many as may be open.
    mutating func fill(_ outbox: inout CatalogueOutbox) {
        for pool in books.keys.sorted() {
            books[pool]?.endLeases(now: outbox.now)
            while let taken = books[pool]?.background, taken < settings.backgroundRequestsMax,
                let wish = books[pool]?.dequeue()
            {
                issue(puller(for: wish), .background, reason: wish.reason, &outbox)
                finishRescans(of: wish.name)
            }
        }
    }

    mutating func enqueue(_ name: ImageName, digest: Digest? = nil, reason: String) {
        books[pool(of: name), default: RequestBook()].enqueue(.init(name: name, reason: reason, digest: digest))
    }

    /// A name by which the digest can be pulled now, another one at each attempt: the registry of one may be away for
    /// good. nil where there is none: the next name that a registry shows for the digest asks for its scan.
    func puller(of digest: Digest) -> ImageName? {
        let able = (names[digest] ?? []).filter { canBePulled($0, as: digest) }.sorted()
        guard !able.isEmpty else { return nil }
        guard case .failed(let failure)? = scans[digest]?.state else { return able[0] }
        return able[max(failure.attempt, 0) % able.count]
    }

    /// The name of the wish, or where it cannot be pulled any more, another one of its digest.
    private func puller(for wish: RequestBook.Wish) -> ImageName {
        guard let digest = wish.digest, !canBePulled(wish.name, as: digest) else { return wish.name }
        return puller(of: digest) ?? wish.name
    }

    private func canBePulled(_ name: ImageName, as digest: Digest) -> Bool {
        guard let record = images[name], registries[name.registry] != nil else { return false }
        return record.digest == digest && record.trash == nil && record.resolution == .resolved
    }

    func pool(of name: ImageName) -> String { registries[name.registry]?.pool ?? "default" }

    private func platforms(of name: ImageName) -> [Platform] { registries[name.registry]?.platforms ?? [] }

    /// What the registries of the digest's names configure: a report takes the place of the one before, so it speaks
    /// for all of them. One that no registry wants any more is not read again.
    private func platforms(of digest: Digest, for name: ImageName) -> [Platform] {
        let live = (names[digest] ?? []).filter { canBePulled($0, as: digest) }
        return Set(live.union([name]).flatMap { platforms(of: $0) }).sorted { $0.description < $1.description }
    }

    private mutating func issue(
        _ name: ImageName, _ lane: Topics.Lane, reason: String, _ outbox: inout CatalogueOutbox
    ) {
        guard let record = images[name], record.trash == nil, let registry = registries[name.registry] else { return }
        guard record.resolution == .resolved, let digest = record.digest else {
            if record.resolution != .notFound || reason.hasPrefix("rescan") { outbox.ask(record) }
            return
        }
        let platforms = platforms(of: digest, for: name)
        if let open = books[registry.pool]?.open[digest], open.lane == .urgent || lane == .background,
            open.covers(platforms, of: registry)
        {
            outbox.ask(record)
            return
        }
        var attempt = 1
        if case .failed(let failure)? = scans[digest]?.state { attempt = failure.attempt + 1 }
        let isKnown = isKnown(digest, platforms)
        let request = ScanRequest(
            digest: digest, name: name, platforms: platforms, analyserVersion: analyserVersion,
            registryVersion: registry.version, attempt: attempt, wantsStatus: !isKnown, reason: reason)
        outbox.add(.request(request, pool: registry.pool, lane))
        outbox.note(.requested, record, reason)
        if isKnown {
            if lane == .background { books[registry.pool, default: RequestBook()].lease(now: outbox.now) }
        } else {
            books[registry.pool, default: RequestBook()].opened(
                digest, lane, platforms, of: registry, now: outbox.now)
            timers.add(.open(digest, pool: registry.pool), at: outbox.now.addingTimeInterval(RequestBook.openMax))
        }
    }

    // MARK: Rescans

    mutating func rescan(_ wish: Change.Rescan, _ position: Int64, _ outbox: inout CatalogueOutbox) {
        let merged = outbox.now.addingTimeInterval(-Self.rescanMergeSeconds)
        var waiting: Set<ImageName> = []
        for record in scope(of: wish) {
            if wish.isScheduled, let last = rescannedAt[record.name], last > merged, !isQueued(record.name) { continue }
            rescannedAt[record.name] = outbox.now
            waiting.insert(record.name)
            enqueue(record.name, reason: "rescan \(wish.reason)")
        }
        if waiting.isEmpty { finishedRescans.append(position) } else { rescans[position] = waiting }
    }

    private func isQueued(_ name: ImageName) -> Bool { books[pool(of: name)]?.isQueued(name) ?? false }

    private func scope(of wish: Change.Rescan) -> [ImageRecord] {
        if let name = wish.image { return images[name].flatMap { $0.trash == nil ? [$0] : nil } ?? [] }
        return images.values.filter { $0.trash == nil && (wish.registry == nil || $0.name.registry == wish.registry) }
            .sorted { $0.name < $1.name }
    }

    private mutating func finishRescans(of name: ImageName) {
        for (position, names) in rescans where names.contains(name) {
            rescans[position]?.remove(name)
            if names.count == 1 {
                rescans[position] = nil
                finishedRescans.append(position)
            }
        }
    }

    /// Rescans, by their positions in `changes`, whose images were all asked for: now their records may be
    /// acknowledged.
    mutating func takeFinishedRescans() -> [Int64] {
        defer { finishedRescans = [] }
        return finishedRescans
    }
}
