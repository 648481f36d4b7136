/// What is reported of one platform of an image (`docs/reference/report.md`).
public struct ScanReport: Hashable, Sendable, Codable {
    public struct ReportedVerdict: Hashable, Sendable, Codable {
        public var outcome: Verdict.Outcome
        public var controls: [Verdict.ControlResult]

        public init(outcome: Verdict.Outcome, controls: [Verdict.ControlResult]) {
            self.outcome = outcome
            self.controls = controls
        }
    }

    public struct ReportedPackage: Hashable, Sendable, Codable {
        public var name: String
        public var version: String
        public var type: PackageType
        public var purl: String
        public var source: Package.Source?
        public var layer: Digest?
        /// Nil for a package that is installed.
        public var claim: Package.Claim?

        public init(_ package: Package) {
            name = package.name
            version = package.version
            type = package.type
            purl = package.purl
            source = package.source
            layer = package.layer
            claim = package.claim
        }
    }

    public var image: String
    public var digest: Digest?
    public var platform: Platform?
    public var packages: [ReportedPackage]
    public var findings: [Finding]
    public var undetermined: [Undetermined]
    /// Nil where they were not looked for.
    public var secrets: [ExposedSecret]?
    /// Nil where they were not looked for.
    public var setIDFiles: [Inventory.SetIDFile]?
    /// Nil where they were not looked for.
    public var certificates: [EmbeddedCertificate]?
    public var baseImage: BaseImage?
    public var verdict: ReportedVerdict

    /// - Parameter inventory: what was judged; nil where there is none.
    public init(
        image: String, digest: Digest?, platform: Platform?, inventory: Inventory?, findings: [Finding] = [],
        undetermined: [Undetermined], verdict: ReportedVerdict
    ) {
        self.image = image
        self.digest = digest
        self.platform = platform
        packages = inventory?.packages.map(ReportedPackage.init) ?? []
        self.findings = findings
        self.undetermined = undetermined
        secrets = inventory?.secrets
        setIDFiles = inventory?.setIDFiles
        certificates = inventory?.certificates
        baseImage = inventory?.baseImage
        self.verdict = verdict
    }
}

extension ScanReport {
    /// How many findings are of packages that the base image brought; nil where its layers are not known.
    public var findingsOfBaseImage: Int? {
        guard let base = baseImage.map({ Set($0.layers) }), !base.isEmpty else { return nil }
        let brought = Set(packages.filter { $0.layer.map(base.contains) ?? false }.map(\.purl))
        return findings.count { brought.contains($0.package.purl) }
    }
}

/// The report of `pratique scan --format json`, `pratique images show --format json` and the API: in JSON one object
/// for one platform, an array when there are several. Either form is read.
public struct ScanReports: Hashable, Sendable, Codable {
    /// One a platform.
    public var platforms: [ScanReport]

    public init(_ platforms: [ScanReport]) { self.platforms = platforms }

    public init(from decoder: any Decoder) throws {
        guard var list = try? decoder.unkeyedContainer() else {
            platforms = [try ScanReport(from: decoder)]
            return
        }
        platforms = []
        while !list.isAtEnd { platforms.append(try list.decode(ScanReport.self)) }
    }

    public func encode(to encoder: any Encoder) throws {
        guard platforms.count != 1 else { return try platforms[0].encode(to: encoder) }
        var container = encoder.singleValueContainer()
        try container.encode(platforms)
    }
}
