/// The report of `pratique scan --format json` and of the API: one object a platform (`docs/reference/report.md`).
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

        public init(_ package: Package) {
            name = package.name
            version = package.version
            type = package.type
            purl = package.purl
            source = package.source
            layer = package.layer
        }
    }

    public var image: String
    public var digest: Digest?
    public var platform: Platform?
    public var packages: [ReportedPackage]
    public var findings: [Finding]
    public var undetermined: [Undetermined]
    public var verdict: ReportedVerdict

    public init(
        image: String, digest: Digest?, platform: Platform?, packages: [ReportedPackage], findings: [Finding],
        undetermined: [Undetermined], verdict: ReportedVerdict
    ) {
        self.image = image
        self.digest = digest
        self.platform = platform
        self.packages = packages
        self.findings = findings
        self.undetermined = undetermined
        self.verdict = verdict
    }
}
