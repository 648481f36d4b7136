import Model

/// How packages are called in package URLs, in both directions (purl specification, PURL-TYPES).
extension FoundPackage {
    /// The package URL, once the image's distribution is known.
    func packageURL(of distribution: Distribution?) -> PackageURL {
        let (group, short) = Self.parts(of: name, type)
        switch type {
        case .deb, .apk:
            return PackageURL(
                type: type.rawValue, namespace: distribution?.id, name: name.lowercased(), version: version,
                qualifiers: qualifiers(of: distribution))
        case .alpm:
            return PackageURL(
                type: type.rawValue, namespace: distribution?.id ?? "arch", name: name.lowercased(), version: version,
                qualifiers: qualifiers(of: distribution))
        case .rpm:
            var qualifiers = qualifiers(of: distribution)
            var version = version
            if let colon = version.firstIndex(of: ":") {
                qualifiers["epoch"] = String(version[..<colon])
                version = String(version[version.index(after: colon)...])
            }
            return PackageURL(
                type: type.rawValue, namespace: distribution?.id, name: name, version: version, qualifiers: qualifiers)
        case .pypi:
            return PackageURL(type: type.rawValue, name: PythonParser.normalised(name), version: version)
        case .gem:
            return PackageURL(
                type: type.rawValue, name: name, version: version, qualifiers: ["platform": architecture ?? ""])
        case .composer:
            return PackageURL(
                type: type.rawValue, namespace: group?.lowercased(), name: short.lowercased(), version: version)
        case .npm, .maven, .golang:
            return PackageURL(type: type.rawValue, namespace: group, name: short, version: version)
        case .cargo, .nuget, .generic:
            return PackageURL(type: type.rawValue, name: name, version: version)
        }
    }

    private func qualifiers(of distribution: Distribution?) -> [String: String] {
        var qualifiers = ["arch": architecture ?? ""]
        if let distribution {
            let release = distribution.versionID ?? distribution.codename
            qualifiers["distro"] = distribution.id + (release.map { "-" + $0 } ?? "")
        }
        return qualifiers
    }

    /// What stands before the name proper: a scope, a group, the path of a module.
    private static func parts(of name: String, _ type: PackageType) -> (group: String?, name: String) {
        let cut: String.Index? =
            switch type {
            case .npm, .composer: name.firstIndex(of: "/")
            case .maven: name.lastIndex(of: ":")
            case .golang: name.lastIndex(of: "/")
            case .deb, .apk, .rpm, .alpm, .pypi, .gem, .cargo, .nuget, .generic: nil
            }
        return cut.map { (String(name[..<$0]), String(name[name.index(after: $0)...])) } ?? (nil, name)
    }

    /// The package that a package URL means, as the analysers would have found it.
    ///
    /// - Returns: nil if it has no version, or is of a type that Pratique does not know.
    init?(_ url: PackageURL) {
        // Bitnami's own type is of programs that no package manager installed.
        let name = url.type == "bitnami" ? PackageType.generic.rawValue : url.type
        guard let type = PackageType(rawValue: name), let version = url.version, !version.isEmpty else { return nil }
        let joined: String =
            switch (type, url.namespace) {
            case (.maven, let group?): group + ":" + url.name
            case (.npm, let group?), (.composer, let group?), (.golang, let group?): group + "/" + url.name
            default: url.name
            }
        // Of rpm the epoch stands apart by definition, of Debian as trivy writes it.
        let hasEpoch = (type == .rpm || type == .deb) && !version.contains(":")
        let epoch = hasEpoch ? url.qualifiers["epoch"].flatMap { $0 == "0" ? nil : $0 + ":" } : nil
        // Go's own versions begin with `go`, which bills leave out.
        let isStandardLibrary = type == .golang && joined == "stdlib" && !version.hasPrefix("go")
        let whole = isStandardLibrary ? "go" + version.drop { $0 == "v" } : (epoch ?? "") + version
        self.init(
            name: joined, version: whole, type: type,
            architecture: url.qualifiers[type == .gem ? "platform" : "arch"])
    }
}
