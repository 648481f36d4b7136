public import Model

/// What the caller knows beyond the inventory.
public struct MatchOptions: Sendable {
    /// Whether a distribution's package installed this language package; then the distribution's answer counts and no
    /// language advisory is reported for it. By default the inventory's word counts.
    public var isOwnedByDistribution: @Sendable (Package) -> Bool

    public init(isOwnedByDistribution: @escaping @Sendable (Package) -> Bool = { $0.owner != nil }) {
        self.isOwnedByDistribution = isOwnedByDistribution
    }
}

extension AdvisorySet {
    /// Joins an inventory with this generation.
    ///
    /// Debian and Ubuntu are matched by source name and source version, Alpine by origin, Python by PEP 503 names. What
    /// cannot be compared, and what has no data, is in `undetermined`. Sorted, without duplicates: the same inventory
    /// and the same generation give the same result.
    public func match(_ inventory: Inventory, options: MatchOptions = MatchOptions()) -> MatchResult {
        let release = inventory.distribution.flatMap(Ecosystem.init(distribution:))
        var undetermined = Set<Undetermined>()
        var findings: [Finding.PackageKey: [String: Finding]] = [:]
        for package in inventory.packages {
            switch AdviceSource(package, inventory: inventory, release: release) {
            case .none(let reason): undetermined.insert(reason)
            case .ecosystem(let ecosystem, let lookups):
                if !package.type.isOperatingSystem, release.map(coverage.contains) == true,
                    options.isOwnedByDistribution(package)
                {
                    continue
                }
                guard coverage.contains(ecosystem) else {
                    undetermined.insert(noData(ecosystem, package, inventory))
                    continue
                }
                var matcher = PackageMatcher(set: self, package: package, ecosystem: ecosystem)
                for lookup in lookups { matcher.match(lookup) }
                undetermined.formUnion(matcher.undetermined)
                for finding in matcher.findings() {
                    findings[finding.package, default: [:]][finding.advisory] = finding
                }
            }
        }
        return MatchResult(
            generation: generation, findings: findings.values.flatMap(\.values).sorted(by: Self.precedes),
            undetermined: undetermined.sorted { ($0.what, $0.reason) < ($1.what, $1.reason) })
    }

    /// The packages of an inventory as advisories name them: what a delta is held against.
    public static func targets(of inventory: Inventory) -> Set<AdvisedPackage> {
        let release = inventory.distribution.flatMap(Ecosystem.init(distribution:))
        var targets = Set<AdvisedPackage>()
        for package in inventory.packages {
            guard
                case .ecosystem(let ecosystem, let lookups) = AdviceSource(
                    package, inventory: inventory, release: release)
            else { continue }
            for lookup in lookups { targets.insert(AdvisedPackage(ecosystem: ecosystem, name: lookup.name)) }
        }
        return targets
    }

    private func noData(_ ecosystem: Ecosystem, _ package: Package, _ inventory: Inventory) -> Undetermined {
        if package.type.isOperatingSystem, let distribution = inventory.distribution {
            return Undetermined(
                what: "advisories for \(distribution)", reason: "no data for this release in generation \(generation)")
        }
        return Undetermined(
            what: "advisories for \(ecosystem)", reason: "no data for this ecosystem in generation \(generation)")
    }

    private static func precedes(_ left: Finding, _ right: Finding) -> Bool {
        (left.package.name, left.package.version, left.package.purl, left.advisory)
            < (right.package.name, right.package.version, right.package.purl, right.advisory)
    }
}

/// Who advises on a package, and under which names and versions.
enum AdviceSource {
    struct Lookup {
        let name: String
        let version: String
        /// The name and version are the source's, so an absent epoch is unknown, not 0.
        var isSource = false
        /// The name stands for all packages that this one may be (`ArtifactNames`).
        var isGuess = false
    }

    case ecosystem(Ecosystem, [Lookup])
    case none(Undetermined)

    /// Programs that are listed and that Bitnami does not pack.
    private static let unadvised: Set<String> = ["busybox", "openssl"]

    init(_ package: Package, inventory: Inventory, release: Ecosystem?) {
        if package.type == .generic, Self.unadvised.contains(package.name) {
            self = .none(
                Undetermined(
                    what: "advisories for \(package.name) \(package.version)",
                    reason: "no source of advisories is known for it where no package manager installed it"))
            return
        }
        if let ecosystem = Ecosystem(language: package.type) {
            let name = ecosystem.normalised(package.name)
            var lookups = [Lookup(name: name, version: package.version)]
            if package.isNameGuessed == true, let any = ArtifactNames.name(of: name, in: ecosystem) {
                lookups.append(Lookup(name: any, version: package.version, isGuess: true))
            }
            self = .ecosystem(ecosystem, lookups)
            return
        }
        guard let distribution = inventory.distribution else {
            self = .none(
                Undetermined(
                    what: "advisories for \(package.type.rawValue) packages",
                    reason: "the image does not say which distribution it is made of"))
            return
        }
        guard let release else {
            self = .none(
                Undetermined(
                    what: "advisories for \(distribution)",
                    reason: "no source of advisories is known for this distribution or release"))
            return
        }
        guard release.distributionType == package.type else {
            self = .none(
                Undetermined(
                    what: "advisories for \(package.type.rawValue) packages",
                    reason: "\(distribution) does not advise on them"))
            return
        }
        self = .ecosystem(release, Self.lookups(package, release))
    }

    /// dpkg and apk: the source. rpm: the package itself, and the source where advisories name sources (Rocky).
    private static func lookups(_ package: Package, _ release: Ecosystem) -> [Lookup] {
        let direct = Lookup(name: package.name, version: package.version)
        guard let source = package.source else { return [direct] }
        let bySource = Lookup(name: source.name, version: source.version, isSource: true)
        switch package.type {
        case .deb, .apk: return [bySource]
        default:
            return release.base == "Rocky Linux" && source.name != package.name ? [direct, bySource] : [direct]
        }
    }
}
