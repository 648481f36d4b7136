public import Model

/// An ecosystem of OSV with its release, in one spelling: `PyPI`, `Debian:12`, `Alpine:v3.18`, `Ubuntu:22.04`.
public struct Ecosystem: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public static let bytesMax = 128

    public let text: String

    /// Normalises what a record writes: Ubuntu's `:LTS` goes, Red Hat's product streams of one major release are that
    /// release, other parts stay.
    public init(record text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.first {
        case "Ubuntu" where parts.last == "LTS": self.text = parts.dropLast().joined(separator: ":")
        case "Red Hat" where parts.count >= 3 && parts[1] == "enterprise_linux": self.text = "Red Hat:" + parts[2]
        default: self.text = text
        }
    }

    private init(_ text: String) { self.text = text }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The name before the release.
    public var base: Substring { text.prefix { $0 != ":" } }

    /// How its versions are ordered; nil when we do not know.
    public var order: VersionOrder? {
        switch base {
        case "Debian", "Ubuntu": .dpkg
        case "Alpine", "Wolfi", "Chainguard", "Alpaquita", "BellSoft Hardened Containers", "MinimOS": .apk
        case "AlmaLinux", "Rocky Linux", "Red Hat", "SUSE", "openSUSE", "Mageia", "Photon OS", "openEuler",
            "Azure Linux":
            .rpm
        case "PyPI": .pep440
        case "npm", "crates.io", "Hex", "Pub", "SwiftURL", "Bitnami": .semver
        case "Go": .go
        case "RubyGems": .gem
        case "Packagist": .composer
        case "Maven": .maven
        case "NuGet": .nuget
        default: nil
        }
    }

    /// One spelling of a package's name: PEP 503 for PyPI, lower case for NuGet, Packagist and Go, else as it is.
    ///
    /// Go's paths keep case, but package URLs write them in lower case; paths that differ in case alone are old and
    /// new names of one module.
    public func normalised(_ name: String) -> String {
        switch base {
        case "PyPI": Self.pep503(name)
        case "NuGet", "Packagist", "Go": name.lowercased()
        case "Bitnami": Self.bitnami[name] ?? name
        case "Maven": name.contains(":") ? name : String(name.map { $0 == "/" ? ":" : $0 })
        default: name
        }
    }

    /// Programs that Bitnami advises on under another name.
    private static let bitnami = ["httpd": "apache", "openjdk": "java"]

    /// PEP 503: lower case, and each run of `-`, `_` and `.` is one `-`.
    private static func pep503(_ name: String) -> String {
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            let isSeparator = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            if isSeparator, bytes.last == UInt8(ascii: "-") { continue }
            bytes.append(isSeparator ? UInt8(ascii: "-") : byte.lowercased)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: From an inventory

    /// The ecosystem that advises on packages of a language; nil for packages of a distribution.
    public init?(language type: PackageType) {
        switch type {
        case .pypi: self.init("PyPI")
        case .npm: self.init("npm")
        case .gem: self.init("RubyGems")
        case .composer: self.init("Packagist")
        case .maven: self.init("Maven")
        case .golang: self.init("Go")
        case .cargo: self.init("crates.io")
        case .nuget: self.init("NuGet")
        // Bitnami packs programs as their projects publish them, and advises on these.
        case .generic: self.init("Bitnami")
        case .deb, .apk, .rpm, .alpm: return nil
        }
    }

    /// The ecosystem that advises on a distribution's release; nil when there is none, or its release is unknown.
    public init?(distribution: Distribution) {
        let version = distribution.versionID ?? ""
        let numbers = version.split(separator: ".").map(String.init)
        let major = numbers.first ?? ""
        let release: String? =
            switch distribution.id {
            case "debian": major.isEmpty ? nil : "Debian:\(major)"
            case "ubuntu": version.isEmpty ? nil : "Ubuntu:\(version)"
            case "alpine":
                numbers.count < 2 ? nil : version.contains("_") ? "Alpine:edge" : "Alpine:v\(major).\(numbers[1])"
            case "wolfi": "Wolfi"
            case "chainguard": "Chainguard"
            case "almalinux": major.isEmpty ? nil : "AlmaLinux:\(major)"
            case "rocky": major.isEmpty ? nil : "Rocky Linux:\(major)"
            case "rhel": major.isEmpty ? nil : "Red Hat:\(major)"
            case "opensuse-leap": version.isEmpty ? nil : "openSUSE:Leap \(version)"
            case "opensuse-tumbleweed": "openSUSE:Tumbleweed"
            case "sles": major.isEmpty ? nil : Self.suse(major, servicePack: numbers.dropFirst().first)
            case "mageia": major.isEmpty ? nil : "Mageia:\(major)"
            case "photon": version.isEmpty ? nil : "Photon OS:\(version)"
            case "azurelinux": major.isEmpty ? nil : "Azure Linux:\(major)"
            default: nil
            }
        guard let release else { return nil }
        self.init(release)
    }

    private static func suse(_ major: String, servicePack: String?) -> String {
        "SUSE:Linux Enterprise Server \(major)" + (servicePack.map { $0 == "0" ? "" : " SP\($0)" } ?? "")
    }

    /// The kind of package that a distribution's ecosystem speaks of.
    var distributionType: PackageType? {
        switch order {
        case .dpkg: .deb
        case .apk: .apk
        case .rpm: .rpm
        default: nil
        }
    }
}
