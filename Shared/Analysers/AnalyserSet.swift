import LayerArchive
public import Model

/// The analysers of a scanner. Adding an ecosystem is adding its analyser to `standard`.
public struct AnalyserSet: Sendable {
    public let analysers: [any Analyser]
    /// Names and versions of all, such as `apk-1 dpkg-1`: part of every cached record's key and of every inventory.
    public let version: String
    /// What it leaves out of an inventory; nil for the whole.
    public let gap: Undetermined?
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

    /// Those of package managers, whose files are few and known by their names: enough for a list of packages, and
    /// nothing that a verdict could rest on.
    public static let packageManagers = AnalyserSet(
        [
            OSReleaseAnalyser(), DpkgAnalyser(), ApkAnalyser(), RpmAnalyser(), PacmanAnalyser(), PythonAnalyser(),
            NodeAnalyser(), RubyAnalyser(), ComposerAnalyser(), DotNetAnalyser(), JavaAnalyser(), NodeLockAnalyser(),
            BillAnalyser(),
        ], gap: Undetermined(what: "programs", reason: "only the packages of package managers were looked for"))

    /// For a bill of materials by itself, which may be larger than one in an image.
    public static let billsOfMaterials = AnalyserSet([BillAnalyser(bytesMax: Int64(BillReader.bytesMax))])

    /// - Parameter gap: what such a set leaves out; a layer may then be read in part.
    public init(_ analysers: [any Analyser], gap: Undetermined? = nil) {
        self.gap = gap
        precondition(Set(analysers.map(\.name)).count == analysers.count, "two analysers have one name")
        self.analysers = analysers.sorted { $0.name < $1.name }
        index = RuleIndex(self.analysers)
        version = (["pipeline-\(Self.pipelineVersion)"] + self.analysers.map { "\($0.name)-\($0.version)" }).joined(
            separator: " ")
    }
}
