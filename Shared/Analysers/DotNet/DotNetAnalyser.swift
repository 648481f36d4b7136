import LayerArchive
import Model

/// NuGet packages of .NET programs and of the shared frameworks: the libraries of kind `package` in `*.deps.json`
/// (dotnet/sdk, "Runtime Configuration Files"). A program that brings its runtime along names it as a `runtimepack`.
///
/// What served building alone is in that list, too: a package counts if files of it are named, or of what it depends on
/// (advisories speak of packages that only gather others), or if the list is its own, as that of a shared framework.
struct DotNetAnalyser: Analyser {
    let name = "dotnet"
    let version = 2
    let rules: [FileRule] = [FileRule.ending(Self.ending).databasePiece]

    private static let ending = ".deps.json"
    private static let runtimePack = "runtimepack."

    private struct Dependencies: Decodable {
        struct Library: Decodable { let type: String }
        /// What one platform gets of a library.
        struct Part: Decodable {
            struct File: Decodable { init(from decoder: any Decoder) {} }
            let runtime: [String: File]?
            let runtimeTargets: [String: File]?
            let native: [String: File]?
            let resources: [String: File]?
            let dependencies: [String: String]?

            /// Those that only compilers read (`compile`) are left out.
            var hasFiles: Bool { [runtime, runtimeTargets, native, resources].contains { $0?.isEmpty == false } }
        }
        let libraries: [String: Library]
        let targets: [String: [String: Part]]?

        /// Libraries that bring files, themselves or by what they depend on; nil where that is not said.
        /// - Parameter owner: whose list it is.
        func installed(of owner: String) -> Set<String>? {
            let parts = (targets ?? [:]).values.flatMap(\.self)
            guard !parts.isEmpty else { return nil }
            var dependents: [String: [String]] = [:]
            for (library, part) in parts {
                for (name, version) in part.dependencies ?? [:] {
                    dependents["\(name)/\(version)", default: []].append(library)
                }
            }
            var open = parts.filter { $0.value.hasFiles || $0.key.hasPrefix(owner + "/") }.map(\.key)
            var installed = Set(open)
            while let library = open.popLast() {
                for dependent in dependents[library] ?? [] where installed.insert(dependent).inserted {
                    open.append(dependent)
                }
            }
            return installed
        }
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let document = try JSONFile.decode(Dependencies.self, from: bytes)
        var findings = FileFindings()
        let fileName = String(decoding: Array(path.name), as: UTF8.self)
        let installed = document.installed(of: String(fileName.dropLast(Self.ending.count)))
        for (key, library) in document.libraries.sorted(by: { $0.key < $1.key }) {
            guard ["package", "runtimepack"].contains(library.type.lowercased()) else { continue }
            guard installed?.contains(key) ?? true else { continue }
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
