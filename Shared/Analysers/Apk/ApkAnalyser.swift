import LayerArchive
import Model

/// Alpine packages, which Wolfi and Chainguard use too: `lib/apk/db/installed`, in newer releases below `usr`.
struct ApkAnalyser: Analyser {
    let name = "apk"
    let version = 6
    let rules: [FileRule] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"].map { .path($0, database: .apk) }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        try ApkParser.read(bytes)
    }
}
