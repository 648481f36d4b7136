import Model

/// Which package databases an image turned out to have, and what its lack of one means.
///
/// An image whose database was removed, and one of nothing but an unknown program, have no packages to judge. That is
/// not clean: nothing is known of them.
struct PackageDatabases {
    private var found: Set<PackageType> = []

    mutating func found(_ type: PackageType?) {
        if let type { found.insert(type) }
    }

    /// Whether a database of such packages was read, or stood in for.
    func has(_ type: PackageType) -> Bool { found.contains(type) }

    /// - Parameter isBare: whether the image has no package of any kind, and nothing is said to be unknown yet.
    /// - Returns: what stays unknown for lack of a database; nil if there is one.
    func absent(of distribution: Distribution?, isBare: Bool) -> Undetermined? {
        guard let distribution else {
            return isBare ? Undetermined(what: "packages", reason: "no package database was found") : nil
        }
        guard let type = Self.type(of: distribution) else {
            guard found.isEmpty else { return nil }
            return Undetermined(what: "packages of \(distribution)", reason: "no package database was found")
        }
        guard !found.contains(type) else { return nil }
        return Undetermined(
            what: "\(type.rawValue) packages", reason: "no package database of \(distribution) was found")
    }

    /// The packages that a distribution is made of: by its own name, else by what it says to be like.
    private static func type(of distribution: Distribution) -> PackageType? {
        for id in [distribution.id] + distribution.idLike {
            if let type = types.first(where: { $0.ids.contains(id) })?.type { return type }
        }
        return nil
    }

    private static let types: [(type: PackageType, ids: Set<String>)] = [
        (.deb, ["debian", "ubuntu"]),
        (.apk, ["alpine", "wolfi", "chainguard"]),
        (
            .rpm,
            [
                "fedora", "rhel", "centos", "almalinux", "rocky", "ol", "amzn", "suse", "sles", "opensuse",
                "opensuse-leap", "opensuse-tumbleweed", "photon", "mariner", "azurelinux", "mageia", "openeuler",
            ]
        ),
        (.alpm, ["arch", "archlinux", "manjaro"]),
    ]
}
