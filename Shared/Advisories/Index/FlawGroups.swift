/// Which advisories for one package speak of the same flaw.
///
/// Ids and `aliases` mean the same flaw, and so on through them. A distribution's advisory may fix several flaws
/// (`upstream`): two such are one when the flaws of one are all among those of the other (a second advisory that fixes
/// again, an advisory beside the record of its only CVE). Two that merely overlap stay apart.
enum FlawGroups {
    struct Identity {
        /// The advisory's id first, then its aliases.
        let ids: [String]
        let flaws: [String]
    }

    /// - Parameter identities: in an order that does not depend on how the set was built: it decides ties.
    /// - Returns: Groups of indices; each index is in one group.
    static func groups(of identities: [Identity]) -> [[Int]] {
        if identities.count == 1 { return [[0]] }
        return joinedByFlaws(joinedByIDs(identities), identities)
    }

    private static func joinedByIDs(_ identities: [Identity]) -> [[Int]] {
        var parents = Array(identities.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while parents[index] != index {
                parents[index] = parents[parents[index]]
                index = parents[index]
            }
            return index
        }
        var owners: [String: Int] = [:]
        for (index, identity) in identities.enumerated() {
            for id in identity.ids {
                if let owner = owners[id] { parents[root(index)] = root(owner) } else { owners[id] = index }
            }
        }
        var groups: [Int: [Int]] = [:]
        for index in identities.indices { groups[root(index), default: []].append(index) }
        return groups.values.sorted { $0[0] < $1[0] }
    }

    /// Larger sets of flaws first; a group joins the first one that has all of its flaws.
    private static func joinedByFlaws(_ groups: [[Int]], _ identities: [Identity]) -> [[Int]] {
        let described = groups.map { group -> (members: [Int], flaws: Set<String>) in
            let flaws = Set(group.flatMap { identities[$0].flaws })
            return (group, flaws.union(group.flatMap { identities[$0].ids }.filter { $0.hasPrefix("CVE-") }))
        }
        let order = described.indices.sorted {
            (-described[$0].flaws.count, described[$0].members[0]) < (
                -described[$1].flaws.count, described[$1].members[0]
            )
        }
        var kept: [(members: [Int], flaws: Set<String>)] = []
        var byFlaw: [String: [Int]] = [:]
        for index in order {
            let group = described[index]
            let candidates = group.flaws.first.flatMap { byFlaw[$0] } ?? []
            if let home = candidates.first(where: { group.flaws.isSubset(of: kept[$0].flaws) }) {
                kept[home].members += group.members
                continue
            }
            for flaw in group.flaws { byFlaw[flaw, default: []].append(kept.count) }
            kept.append(group)
        }
        return kept.map { $0.members.sorted() }
    }
}
