import LayerArchive
import Model

/// Crates of Rust programs that were built with `cargo auditable`: the list that it puts into each, in the section
/// `.dep-v0`. Crates that only served the build are not in the program.
///
/// A Rust program without the list says nothing of what it is made of, and cannot be told from others.
struct RustAnalyser: Analyser {
    let name = "rust"
    let version = 1
    let rules: [FileRule] = [.pieces(beginning: [0x7F] + Array("ELF".utf8))]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let reading = RustProgramReading()
        _ = reading.take(bytes)
        return try reading.finish()
    }

    func reading(_ path: EntryPath) -> any FileReading { RustProgramReading() }
}

/// The list of crates, as `cargo auditable` writes it (its `PARSING.md`).
struct RustCrateList: Decodable {
    struct Crate: Decodable {
        let name: String
        let version: String
        let kind: String?
    }
    let packages: [Crate]

    /// How it begins once it is unpacked.
    static let beginning = Array(#"{"packages":["#.utf8)

    static func read(_ json: [UInt8]) throws(AnalysisError) -> [FoundPackage] {
        let list = try json.withUnsafeBytes { json in
            Result { () throws(AnalysisError) in try JSONFile.decode(RustCrateList.self, from: json) }
        }.get()
        return list.packages.filter { $0.kind != "build" }.map {
            FoundPackage(name: $0.name, version: $0.version, type: .cargo)
        }
    }
}
