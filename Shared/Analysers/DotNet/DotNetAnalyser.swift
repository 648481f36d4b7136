import LayerArchive
import Model

/// NuGet packages of .NET programs and of the shared frameworks: the libraries of kind `package` in `*.deps.json`
/// (dotnet/sdk, "Runtime Configuration Files"). A program that brings its runtime along names it as a `runtimepack`.
struct DotNetAnalyser: Analyser {
    let name = "dotnet"
    let version = 1
    let rules: [FileRule] = [FileRule.ending(".deps.json").databasePiece]

    private static let runtimePack = "runtimepack."

    private struct Dependencies: Decodable {
        struct Library: Decodable { let type: String }
        let libraries: [String: Library]
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let document = try JSONFile.decode(Dependencies.self, from: bytes)
        var findings = FileFindings()
        for (key, library) in document.libraries.sorted(by: { $0.key < $1.key }) {
            guard ["package", "runtimepack"].contains(library.type.lowercased()) else { continue }
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw AnalysisError("its library “\(key.prefix(60))” has no version")
            }
            let name = parts[0].hasPrefix(Self.runtimePack) ? parts[0].dropFirst(Self.runtimePack.count) : parts[0]
            findings.packages.append(FoundPackage(name: String(name), version: String(parts[1]), type: .nuget))
        }
        return findings
    }
}
