import Events
import Foundation
import Model

/// A registry that was not reached, and how often since its last answer.
struct Absent: Sendable, Equatable {
    var since: Date
    var misses = 1
}

/// What failed since a registry could not be reached is asked for again when it answers: a few at a time, and no
/// longer than it goes on answering. Their own next attempts stay as they were.
extension CatalogueState {
    /// Shorter troubles end with the attempts' own times. So one repository that fails always, beside others that
    /// answer, does not lose its back-off.
    static let awaySeconds: TimeInterval = 60
    static let returningAtATime = 25
    static let returningEvery: TimeInterval = 1
    /// So many misses without an answer end the return.
    static let returningMissesMax = 5

    mutating func missed(_ registry: RegistryName, at date: Date) {
        away[registry, default: Absent(since: date, misses: 0)].misses += 1
        if away[registry]?.misses ?? 0 >= Self.returningMissesMax { returning[registry] = nil }
    }

    /// - Parameter date: of the answer, which may be older than what is known.
    mutating func answered(_ registry: RegistryName, at date: Date) {
        guard let since = away[registry]?.since, date >= since else { return }
        away[registry] = nil
        guard date.timeIntervalSince(since) >= Self.awaySeconds, returning[registry] == nil else { return }
        var wishes: [RequestBook.Wish] = []
        var digests: Set<Digest> = []
        for record in images.values.filter({ $0.name.registry == registry }).sorted(by: { $0.name < $1.name }) {
            if isUnreached(record) {
                wishes.append(.init(name: record.name, reason: "registry back", digest: nil))
            } else if let digest = record.digest, isUnreached(digest, record), digests.insert(digest).inserted {
                wishes.append(.init(name: record.name, reason: "registry back", digest: digest))
            }
        }
        guard !wishes.isEmpty else { return }
        returning[registry] = wishes
        timers.add(.back(registry), at: date)
    }

    private func isUnreached(_ record: ImageRecord) -> Bool {
        guard record.trash == nil, case .waiting(let failure?) = record.resolution else { return false }
        return failure.kind == .unreachable
    }

    private func isUnreached(_ digest: Digest, _ record: ImageRecord) -> Bool {
        guard record.trash == nil, record.resolution == .resolved,
            case .failed(let failure)? = scans[digest]?.state
        else { return false }
        return failure.kind == .unreachable && books[pool(of: record.name)]?.open[digest] == nil
    }

    mutating func bringBack(_ registry: RegistryName, _ outbox: inout CatalogueOutbox) {
        guard let wishes = returning[registry] else { return }
        for wish in wishes.prefix(Self.returningAtATime) {
            guard let record = images[wish.name] else { continue }
            if let digest = wish.digest {
                if isUnreached(digest, record) { enqueue(wish.name, digest: digest, reason: wish.reason) }
            } else if isUnreached(record) {
                wait(record, &outbox)
            }
        }
        let left = Array(wishes.dropFirst(Self.returningAtATime))
        returning[registry] = left.isEmpty ? nil : left
        if !left.isEmpty { timers.add(.back(registry), at: outbox.now.addingTimeInterval(Self.returningEvery)) }
    }

    /// The enumerator's word on a registry.
    mutating func listed(_ status: RegistryStatusRecord, context: EventContext, now: Date) -> [CatalogueOutput] {
        if status.failure?.kind == .unreachable {
            missed(status.registry, at: now)
        } else if status.failure == nil, let finishedAt = status.enumeration?.finishedAt {
            answered(status.registry, at: finishedAt)
        }
        return []
    }
}
