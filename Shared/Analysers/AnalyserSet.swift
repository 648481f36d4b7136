import LayerArchive

/// The analysers of a scanner. Adding an ecosystem is adding its analyser to `standard`.
public struct AnalyserSet: Sendable {
    public let analysers: [any Analyser]
    /// Names and versions of all, such as `apk-1 dpkg-1`: part of every cached record's key and of every inventory.
    public let version: String
    /// Finds the rules that a path may match.
    let index: RuleIndex

    public static let standard = AnalyserSet([
        OSReleaseAnalyser(), DpkgAnalyser(), ApkAnalyser(), RpmAnalyser(), PacmanAnalyser(),
        PythonAnalyser(), NodeAnalyser(), RubyAnalyser(), ComposerAnalyser(), DotNetAnalyser(), GoAnalyser(),
        RustAnalyser(), JavaAnalyser(), ProgramsAnalyser(), SecretsAnalyser(), CertificatesAnalyser(),
        NodeLockAnalyser(), BillAnalyser(),
    ])

    /// The version of the records' form and of the merge; raised when they change.
    private static let pipelineVersion = 6

    public init(_ analysers: [any Analyser]) {
        precondition(Set(analysers.map(\.name)).count == analysers.count, "two analysers have one name")
        self.analysers = analysers.sorted { $0.name < $1.name }
        index = RuleIndex(self.analysers)
        version = (["pipeline-\(Self.pipelineVersion)"] + self.analysers.map { "\($0.name)-\($0.version)" }).joined(
            separator: " ")
    }
}
