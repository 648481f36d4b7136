import EventLogPort

/// Who owns which partition of a group, what was handed out, and how far the group is. A value without I/O.
///
/// Partitions are shared out evenly and stay where they are if they can. A partition changes hands in two steps: its
/// owner is told `revoked` (from then on its acknowledgements are void), and when it has taken that step the next owner
/// is told `assigned`.
struct GroupMachine {
    static let unfinishedMax = 64

    typealias MemberID = Int

    enum Control: Equatable {
        case assigned(Set<Int64>)
        case revoked(Set<Int64>)
    }

    /// A page to read for a member.
    struct Want: Equatable {
        let slot: Int64
        let after: Int64
        let limit: Int
        let tenure: Int
    }

    private struct Member {
        let slots: Set<Int64>
        var controls: [Control] = []
        var turn = 0
    }

    private struct Share {
        /// Everything up to here is finished.
        var committed: Int64
        /// The last position handed out.
        var cursor: Int64
        /// Handed out and not acknowledged, ascending.
        var unfinished: [Int64] = []
        var owner: MemberID?
        /// Who has not taken its `revoked` yet.
        var leaving: MemberID?
        var tenure = 0
    }

    private var members: [MemberID: Member] = [:]
    private var shares: [Int64: Share] = [:]
    private var nextID = 0

    var memberCount: Int { members.count }
    var isRevoking: Bool { shares.values.contains { $0.leaving != nil } }
    var memberIDs: [MemberID] { members.keys.sorted() }

    // MARK: Members

    /// - Parameter positions: what the log remembers of the group.
    mutating func join(_ slots: Set<Int64>, positions: [Int64: Int64]) -> MemberID {
        nextID += 1
        members[nextID] = Member(slots: slots)
        for slot in slots where shares[slot] == nil {
            let committed = positions[slot] ?? -1
            shares[slot] = Share(committed: committed, cursor: committed)
        }
        rebalance()
        return nextID
    }

    mutating func leave(_ id: MemberID) {
        guard members.removeValue(forKey: id) != nil else { return }
        for slot in shares.keys {
            if shares[slot]?.owner == id { takeAway(slot) }
            if shares[slot]?.leaving == id { shares[slot]?.leaving = nil }
        }
        rebalance()
    }

    /// Members that do not take their `revoked` hold the others up; after a time they are passed over.
    mutating func passOverLeaving() {
        for slot in shares.keys { shares[slot]?.leaving = nil }
        rebalance()
    }

    /// The next thing a member is told, if there is one.
    mutating func nextControl(_ id: MemberID) -> Control? {
        guard var member = members[id], !member.controls.isEmpty else { return nil }
        let control = member.controls.removeFirst()
        members[id] = member
        if case .revoked(let slots) = control {
            for slot in slots where shares[slot]?.leaving == id { shares[slot]?.leaving = nil }
            rebalance()
        }
        return control
    }

    private mutating func takeAway(_ slot: Int64) {
        guard var share = shares[slot] else { return }
        share.owner = nil
        share.unfinished = []
        share.cursor = share.committed
        shares[slot] = share
    }

    /// Brings the owners to an even distribution with as few changes as possible.
    private mutating func rebalance() {
        let target = distribution()
        var revoked: [MemberID: Set<Int64>] = [:]
        var assigned: [MemberID: Set<Int64>] = [:]
        for (slot, share) in shares {
            guard let wanted = target[slot], share.owner != wanted else { continue }
            if let owner = share.owner {
                takeAway(slot)
                shares[slot]?.leaving = owner
                revoked[owner, default: []].insert(slot)
            } else if share.leaving == nil {
                shares[slot]?.owner = wanted
                shares[slot]?.tenure += 1
                assigned[wanted, default: []].insert(slot)
            }
        }
        for (id, slots) in revoked { members[id]?.controls.append(.revoked(slots)) }
        for (id, slots) in assigned { members[id]?.controls.append(.assigned(slots)) }
    }

    /// The owner that each slot should have.
    private func distribution() -> [Int64: MemberID] {
        var target: [Int64: MemberID] = [:]
        var loads = members.mapValues { _ in 0 }
        func give(_ slot: Int64, to id: MemberID) {
            if let before = target[slot] { loads[before, default: 0] -= 1 }
            target[slot] = id
            loads[id, default: 0] += 1
        }
        for (slot, share) in shares {
            if let owner = share.owner, members[owner]?.slots.contains(slot) == true { give(slot, to: owner) }
        }
        func least(for slot: Int64) -> MemberID? {
            memberIDs.filter { members[$0]?.slots.contains(slot) == true }
                .min { (loads[$0] ?? 0, $0) < (loads[$1] ?? 0, $1) }
        }
        for slot in shares.keys.sorted() where target[slot] == nil {
            if let id = least(for: slot) { give(slot, to: id) }
        }
        // Each move makes the difference smaller, so this ends.
        var moved = true
        while moved {
            moved = false
            for slot in shares.keys.sorted() {
                guard let owner = target[slot], let id = least(for: slot) else { continue }
                if (loads[owner] ?? 0) - (loads[id] ?? 0) > 1 {
                    give(slot, to: id)
                    moved = true
                }
            }
        }
        return target
    }

    // MARK: Records

    /// What to read next for a member: its partitions take turns, those with 64 unfinished records are passed over.
    mutating func want(_ id: MemberID, ends: (Int64) -> Int64) -> Want? {
        guard let member = members[id] else { return nil }
        let owned = shares.keys.filter { shares[$0]?.owner == id }.sorted()
        for offset in owned.indices {
            let index = (member.turn + offset) % owned.count
            guard let share = shares[owned[index]] else { continue }
            let room = Self.unfinishedMax - share.unfinished.count
            guard room > 0, ends(owned[index]) > share.cursor else { continue }
            members[id]?.turn = index + 1
            return Want(slot: owned[index], after: share.cursor, limit: room, tenure: share.tenure)
        }
        return nil
    }

    /// Hands out what was read, unless the partition was taken away meanwhile.
    /// - Returns: whether the member gets the records.
    mutating func handOut(_ positions: [Int64], reached: Int64, for want: Want, to id: MemberID) -> Bool {
        guard var share = shares[want.slot], share.owner == id, share.tenure == want.tenure,
            share.cursor == want.after
        else { return false }
        share.unfinished += positions
        share.cursor = max(share.cursor, reached)
        share.committed = max(share.committed, share.unfinished.first.map { $0 - 1 } ?? share.cursor)
        shares[want.slot] = share
        return true
    }

    /// - Returns: the group's new position in the slot, if it moved.
    mutating func acknowledge(_ position: Int64, in slot: Int64, by id: MemberID) -> Int64? {
        guard var share = shares[slot], share.owner == id,
            let index = share.unfinished.firstIndex(of: position)
        else { return nil }
        share.unfinished.remove(at: index)
        let committed = share.unfinished.first.map { $0 - 1 } ?? share.cursor
        let moved = committed > share.committed
        share.committed = max(committed, share.committed)
        shares[slot] = share
        return moved ? share.committed : nil
    }
}
