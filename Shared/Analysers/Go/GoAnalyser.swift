import LayerArchive
import Model

/// Modules of Go programs, by the build information that the linker writes into each: the dependencies, the main module
/// and the standard library (`go version -m`; Go's `debug/buildinfo`).
///
/// Of the module that is built from its own folder no version is known: it is `(devel)`.
struct GoAnalyser: Analyser {
    let name = "go"
    let version = 1
    /// Executables of Linux (ELF).
    let rules: [FileRule] = [.pieces(beginning: [0x7F] + Array("ELF".utf8))]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let reading = GoProgramReading(path)
        _ = reading.take(bytes)
        return try reading.finish()
    }

    func reading(_ path: EntryPath) -> any FileReading { GoProgramReading(path) }
}
