import LayerArchive
import Model

/// Gems that are installed: the specification that RubyGems writes for each. It is Ruby; it is read, never run.
struct RubyAnalyser: Analyser {
    let name = "ruby"
    let version = 1
    let rules: [FileRule] = [.ending(".gemspec", below: "specifications")]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        FileFindings(packages: [try GemSpecification.package(bytes)])
    }
}
