import Events
import Foundation
import Model

/// What the log has of a digest's inventory, as the read model knows it.
struct InventoryFamily: Sendable, Equatable {
    struct Member: Sendable, Equatable {
        let digest: Digest
        /// The keys of its inventories: our own and uploads.
        var keys: [String] = []
        /// Indexes that name it and have an inventory.
        var parents: Set<Digest> = []
    }

    /// The digest itself.
    var member: Member
    /// The platforms of an index.
    var children: [Member] = []
}

/// Inventories without a name: an inventory goes after a week in which no image and no candidate had its digest.
///
/// The mark `unnamed` is written before the last name goes and ended after a new one is there, so that a crash between
/// leaves a mark too many: a take-over ends it. A platform goes with its index. One that has a name, a mark of its own
/// or another index stays; it goes with its own mark.
extension CatalogueState {
    static let unnamedSeconds: TimeInterval = 7 * 86_400
    /// A digest whose inventory cannot go yet is looked at again after this time.
    static let unnamedAgainSeconds: TimeInterval = 86_400
    /// The same, where it is not known yet what the log has.
    static let unknownAgainSeconds: TimeInterval = 5
    static let overdueAtATime = 50

    mutating func hold(_ digest: Digest) {
        holders[digest, default: 0] += 1
        touched.insert(digest)
    }

    mutating func release(_ digest: Digest) {
        if let count = holders[digest] { holders[digest] = count > 1 ? count - 1 : nil }
        touched.insert(digest)
    }

    mutating func markUnnamed(_ outbox: inout CatalogueOutbox) {
        for digest in touched.sorted() {
            if holders[digest] != nil { endMark(of: digest, &outbox) } else { mark(digest, &outbox) }
        }
        touched = []
    }

    private mutating func mark(_ digest: Digest, _ outbox: inout CatalogueOutbox) {
        guard unnamed[digest] == nil else { return }
        unnamed[digest] = outbox.now
        timers.add(.unnamed(digest), at: outbox.now.addingTimeInterval(Self.unnamedSeconds))
        outbox.add(.unnamed(UnnamedRecord(digest: digest, since: outbox.now)), first: true)
    }

    private mutating func endMark(of digest: Digest, _ outbox: inout CatalogueOutbox) {
        if unnamed.removeValue(forKey: digest) != nil { outbox.add(.dropUnnamed(digest)) }
    }

    /// Marks that were left behind end; the others go on.
    mutating func takeOverUnnamed(_ outbox: inout CatalogueOutbox) {
        for (digest, since) in unnamed.sorted(by: { $0.key < $1.key }) {
            if holders[digest] != nil {
                endMark(of: digest, &outbox)
            } else {
                timers.add(.unnamed(digest), at: since.addingTimeInterval(Self.unnamedSeconds))
            }
        }
    }

    func isOverdue(_ digest: Digest, _ now: Date) -> Bool {
        guard let since = unnamed[digest], holders[digest] == nil else { return false }
        return now >= since.addingTimeInterval(Self.unnamedSeconds)
    }

    /// Digests whose inventories are to go, at most `overdueAtATime`.
    mutating func takeOverdue() -> [Digest] {
        let taken = Array(overdue.sorted().prefix(Self.overdueAtATime))
        overdue.subtract(taken)
        return taken
    }

    /// - Parameter family: nil where the read model does not know yet: the digest is due again soon.
    mutating func removeInventory(
        of digest: Digest, _ family: InventoryFamily?, context: EventContext, now: Date
    ) -> [CatalogueOutput] {
        guard isOverdue(digest, now) else { return [] }
        guard let family, family.member.parents.isEmpty else {
            let wait = family == nil ? Self.unknownAgainSeconds : Self.unnamedAgainSeconds
            timers.add(.unnamed(digest), at: now.addingTimeInterval(wait))
            return []
        }
        var outbox = CatalogueOutbox(cause: context, now: now)
        drop(family.member, &outbox)
        for child in family.children where holders[child.digest] == nil && unnamed[child.digest] == nil {
            if child.parents.subtracting([digest]).isEmpty { drop(child, &outbox) } else { mark(child.digest, &outbox) }
        }
        endMark(of: digest, &outbox)
        return finish(&outbox)
    }

    private mutating func drop(_ member: InventoryFamily.Member, _ outbox: inout CatalogueOutbox) {
        for key in Set(member.keys + [member.digest.text]).sorted() { outbox.add(.dropInventory(key: key)) }
        outbox.add(.dropScanStatus(member.digest))
        scans[member.digest] = nil
        versionAsked.remove(member.digest)
    }
}
