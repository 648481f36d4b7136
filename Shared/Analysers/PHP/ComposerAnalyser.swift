import LayerArchive
import Model

/// PHP packages that Composer installed: `vendor/composer/installed.json`, a list until Composer 1, an object since.
struct ComposerAnalyser: Analyser {
    let name = "composer"
    let version = 1
    let rules: [FileRule] = [FileRule.named("installed.json", inDirectoryEnding: "composer").databasePiece]

    private struct Installed: Decodable {
        struct Entry: Decodable {
            let name: String
            let version: String
            let license: StatedLicenses?
        }
        private struct Document: Decodable { let packages: [Entry] }

        let packages: [Entry]

        init(from decoder: any Decoder) throws {
            if (try? decoder.unkeyedContainer()) != nil {
                packages = try [Entry](from: decoder)
            } else {
                packages = try Document(from: decoder).packages
            }
        }
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let installed = try JSONFile.decode(Installed.self, from: bytes)
        return FileFindings(
            packages: installed.packages.map {
                FoundPackage(name: $0.name, version: $0.version, type: .composer, licenses: $0.license?.names ?? [])
            })
    }
}
