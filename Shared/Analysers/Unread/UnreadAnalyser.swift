import LayerArchive
import Model

/// What is there but has no analyser yet: said, never taken for nothing. An ecosystem's rules leave here when its
/// analyser comes.
struct UnreadAnalyser: Analyser {
    let name = "unread"
    let version = 3
    let rules: [FileRule] = Self.kinds.flatMap(\.rules)

    private struct Kind: Sendable {
        let packages: String
        let rules: [FileRule]
    }

    private static let kinds = [
        Kind(packages: "Java packages", rules: [".jar", ".war", ".ear"].map { .ending($0, needsContent: false) })
    ]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let kinds = Self.kinds.filter { kind in kind.rules.contains { $0.mayMatch(path) } }
        return FileFindings(
            undetermined: kinds.map { Undetermined(what: $0.packages, reason: "not read: no analyser for them yet") })
    }

    func packageURL(of found: FoundPackage, distribution: Distribution?) -> PackageURL {
        preconditionFailure("unread files have no packages")
    }
}
