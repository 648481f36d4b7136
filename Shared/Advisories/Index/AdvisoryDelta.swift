public import Model

/// What one generation changes against another: which records, and which packages must be judged again.
public struct AdvisoryDelta: Hashable, Sendable {
    public var added: [Advisory.Key]
    public var changed: [Advisory.Key]
    public var removed: [Advisory.Key]
    /// The packages that any of these records speaks of, before or after.
    public var packages: Set<AdvisedPackage>
    /// Ecosystems that have data now and had none, or the other way round: their inventories must all be judged again.
    public var coverage: Set<Ecosystem>

    public init(from old: AdvisorySet, to new: AdvisorySet) {
        added = []
        changed = []
        removed = []
        packages = []
        coverage = old.coverage.symmetricDifference(new.coverage)
        for (key, number) in new.numbers {
            guard let before = old.numbers[key] else {
                added.append(key)
                packages.formUnion(new.packages(of: number))
                continue
            }
            guard old.tables.records[Int(before)].hash != new.tables.records[Int(number)].hash else { continue }
            changed.append(key)
            packages.formUnion(old.packages(of: before))
            packages.formUnion(new.packages(of: number))
        }
        for (key, number) in old.numbers where new.numbers[key] == nil {
            removed.append(key)
            packages.formUnion(old.packages(of: number))
        }
        added.sort()
        changed.sort()
        removed.sort()
    }

    public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

    /// Whether an inventory's findings, or what is unknown of it, may differ between the two generations.
    public func touches(_ inventory: Inventory) -> Bool {
        touches(targets: AdvisorySet.targets(of: inventory))
    }

    /// The same for what `AdvisorySet.targets(of:)` gave.
    public func touches(targets: Set<AdvisedPackage>) -> Bool {
        targets.contains { coverage.contains($0.ecosystem) } || !targets.isDisjoint(with: packages)
    }
}
