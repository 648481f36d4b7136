import LayerArchive
import Model

/// Python distributions that are installed (PyPA "Recording installed projects"; setuptools' egg formats).
///
/// What pip lists is listed: copies that a package carries for itself (`_vendor`) and what pip left half removed
/// (`~name`) are not.
struct PythonAnalyser: Analyser {
    let name = "python"
    let version = 1
    let rules: [FileRule] = [
        .named("METADATA", inDirectoryEnding: ".dist-info", outside: excluded),
        .named("PKG-INFO", inDirectoryEnding: ".egg-info", outside: excluded),
        .named("PKG-INFO", inDirectoryEnding: "EGG-INFO", outside: excluded),
        .ending(".egg-info", outside: excluded),
    ]
    private static let excluded = ["_vendor"]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let folder =
            path.name.elementsEqual("METADATA".utf8) || path.name.elementsEqual("PKG-INFO".utf8)
            ? path.parent.name : path.name
        guard folder.first != UInt8(ascii: "~") else { return FileFindings() }
        return FileFindings(packages: [try PythonParser.package(bytes)])
    }
}
