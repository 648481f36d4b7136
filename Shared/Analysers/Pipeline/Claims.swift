import LayerArchive
import Model

/// What files say to be there without proof, and which of it counts beside the packages that were seen.
///
/// A lock file counts where nothing of its kind is installed below its folder. A bill of materials counts for what was
/// not seen, but not for a distribution's packages where the distribution's own database was read: that is the truth.
struct Claims {
    private var lists: [(claim: Package.Claim, folder: EntryPath, packages: [Package])] = []

    /// - Parameter folder: where the file lies.
    mutating func add(_ packages: [Package], _ claim: Package.Claim, in folder: EntryPath) {
        lists.append((claim, folder, packages))
    }

    /// - Parameters:
    ///   - seen: the packages that are installed.
    ///   - hasDatabase: whether a distribution's database of such packages was read.
    func counted(beside seen: Set<Package>, hasDatabase: (PackageType) -> Bool) -> [Package] {
        guard !lists.isEmpty else { return [] }
        let installed = Set(seen.map(Self.identity))
        let places = Dictionary(grouping: seen, by: \.type).mapValues { packages in
            packages.map { Array($0.location.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        }
        return lists.flatMap { claim, folder, packages -> [Package] in
            switch claim {
            case .lockFile:
                let types = Set(packages.map(\.type))
                let isInstalled = types.contains { Self.isAny(of: places[$0] ?? [], below: folder) }
                return isInstalled ? [] : packages
            case .billOfMaterials:
                return packages.filter { !hasDatabase($0.type) && !installed.contains(Self.identity($0)) }
            }
        }
    }

    /// - Parameter places: sorted.
    private static func isAny(of places: [[UInt8]], below folder: EntryPath) -> Bool {
        let beginning = folder.isRoot ? [] : folder.bytes + [UInt8(ascii: "/")]
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].lexicographicallyPrecedes(beginning) { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low].starts(with: beginning)
    }

    /// The package URL without qualifiers: names that differ only in how they are written are one there.
    private static func identity(_ package: Package) -> String {
        package.purl.prefix { $0 != "?" }.lowercased()
    }
}

extension InventoryBuilder {
    /// What a claim leaves open counts only where there is nothing but the claim.
    mutating func collectClaims(_ analyser: any Analyser) {
        guard let claim = analyser.claim else { return }
        for (place, findings) in filesAnywhere(analyser) {
            if subject == .billOfMaterials, claim == .billOfMaterials { undetermined += findings.undetermined }
            let packages = findings.packages.map { package($0, layer: place.layer, place.path.description, claim) }
            claims.add(packages, claim, in: place.path.parent)
        }
    }

    mutating func collectAttached() {
        for bill in attached.bills {
            let packages = bill.findings.packages.map { found in
                package(found, layer: nil, "manifest \(bill.manifest)", .billOfMaterials)
            }
            claims.add(packages, .billOfMaterials, in: .root)
        }
    }

    /// Once all packages that are installed are known.
    mutating func addClaims() {
        let counted = claims.counted(beside: packages) { databases.has($0) }
        for package in counted {
            // In an image a claim stands in for no database: nobody could tell what it leaves out.
            if subject == .billOfMaterials { databases.found(package.type) }
            add(package)
        }
    }

    /// Of a bill by itself. In or beside an image it is no bill's to say: it decides which advisories count.
    mutating func statedDistribution() -> Distribution? {
        for analyser in analysers.analysers where analyser.claim == .billOfMaterials {
            if let found = filesAnywhere(analyser).lazy.compactMap(\.findings.distribution).first { return found }
        }
        return nil
    }
}
