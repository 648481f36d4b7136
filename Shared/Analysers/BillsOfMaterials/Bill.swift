import Model

/// What a bill of materials says, in whichever form it was written.
struct Bill {
    /// One component that may be a package.
    struct Component {
        var name: String
        var version: String?
        var purl: String?
        var licenses: [String] = []
        var source: Package.Source?
    }

    var components: [Component] = []
    var distribution: Distribution?
    /// What the bill says itself that it lacks.
    var gaps: [String] = []

    /// The distribution of an operating system that a bill names, by the `ID` of its os-release. Debian's releases are
    /// whole numbers, to which some add the point release.
    static func distribution(_ name: some StringProtocol, _ version: String?) -> Distribution {
        let name = name.lowercased()
        let id = names[name] ?? name
        return Distribution(
            id: id, versionID: id == "debian" ? version.map { String($0.prefix { $0 != "." }) } : version)
    }

    /// What trivy calls distributions (its package `fanal/types`; with a dot until 0.51), where os-release has another
    /// name.
    private static let names = [
        "alma": "almalinux", "amazon": "amzn", "cbl-mariner": "mariner", "centos-stream": "centos", "oracle": "ol",
        "redhat": "rhel", "opensuse.leap": "opensuse-leap", "opensuse.tumbleweed": "opensuse-tumbleweed",
        "slem": "sle-micro", "suse linux enterprise server": "sles",
    ]

    func findings() throws(AnalysisError) -> FileFindings {
        try AnalysisLimits.check(packages: components.count)
        var findings = FileFindings(distribution: distribution)
        var gaps = gaps
        var unknownTypes: Set<String> = []
        var otherDistributions: Set<String> = []
        var withoutURL = 0
        for component in components {
            guard let text = component.purl else {
                withoutURL += 1
                continue
            }
            let url: PackageURL
            do { url = try PackageURL(text) } catch {
                gaps.append(error.description)
                continue
            }
            guard var package = FoundPackage(url) else {
                if Self.isNoPackage(url) { continue }
                if PackageType(rawValue: url.type) != nil {
                    gaps.append("component \(component.name.prefix(60)) has no version")
                } else {
                    unknownTypes.insert(String(url.type.prefix(60)))
                }
                continue
            }
            package.licenses = component.licenses
            package.source = component.source ?? Self.source(url, package)
            findings.packages.append(package)
            guard package.type.isOperatingSystem, let distribution = Self.distribution(url) else { continue }
            if findings.distribution == nil { findings.distribution = distribution }
            if distribution.id != findings.distribution?.id { otherDistributions.insert(distribution.description) }
        }
        if withoutURL > 0 { gaps.append("\(withoutURL) components have no package URL") }
        if !unknownTypes.isEmpty {
            gaps.append("components of these types are not known: \(listed(unknownTypes))")
        }
        if !otherDistributions.isEmpty {
            gaps.append("it has packages of other distributions, too: \(listed(otherDistributions))")
        }
        findings.undetermined = Set(gaps).sorted().prefix(Self.gapsMax).map {
            Undetermined(what: "bill of materials", reason: $0)
        }
        try findings.check()
        return findings
    }

    private static let gapsMax = 100

    private func listed(_ names: Set<String>) -> String { names.sorted().prefix(20).joined(separator: ", ") }

    /// Images and repositories of source code, which bills name beside the packages.
    private static func isNoPackage(_ url: PackageURL) -> Bool {
        ["oci", "docker", "github", "gitlab", "bitbucket"].contains(url.type)
    }

    /// `upstream`, as syft writes it: a name, `name@version`, or the file of a source rpm.
    private static func source(_ url: PackageURL, _ package: FoundPackage) -> Package.Source? {
        guard package.type.isOperatingSystem, let upstream = url.qualifiers["upstream"], !upstream.isEmpty else {
            return nil
        }
        if package.type == .rpm { return RpmHeader.source(upstream) }
        guard let at = upstream.lastIndex(of: "@"), at != upstream.startIndex else {
            return Package.Source(name: upstream, version: package.version)
        }
        return Package.Source(
            name: String(upstream[..<at]), version: String(upstream[upstream.index(after: at)...]))
    }

    /// The qualifier `distro`: the name, and the release behind the last hyphen.
    private static func distribution(_ url: PackageURL) -> Distribution? {
        guard let distro = url.qualifiers["distro"], !distro.isEmpty else { return nil }
        guard let hyphen = distro.lastIndex(of: "-"), hyphen != distro.startIndex else {
            return distribution(distro, nil)
        }
        return distribution(distro[..<hyphen], String(distro[distro.index(after: hyphen)...]))
    }
}
