import LayerArchive
import Model

/// Packages of Node.js that are installed: `package.json` right in a folder of `node_modules`, also in the store of
/// pnpm, where its links lead.
///
/// Others below it (of tests, of `dist` folders) are no packages, and those without a name or a version only steer Node
/// itself.
struct NodeAnalyser: Analyser {
    let name = "node"
    let version = 1
    let rules: [FileRule] = [FileRule.named("package.json", below: "node_modules").forFew]

    private struct Manifest: Decodable {
        let name: String?
        let version: String?
        let license: StatedLicenses?
        let licenses: StatedLicenses?
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        guard Self.isInstalled(path) else { return FileFindings() }
        let manifest = try JSONFile.decode(Manifest.self, from: bytes)
        guard let name = manifest.name, let version = manifest.version, !name.isEmpty, !version.isEmpty else {
            return FileFindings()
        }
        let licenses = (manifest.license?.names ?? []) + (manifest.licenses?.names ?? [])
        return FileFindings(packages: [FoundPackage(name: name, version: version, type: .npm, licenses: licenses)])
    }

    /// `node_modules/NAME/package.json` or `node_modules/@SCOPE/NAME/package.json`. Names with a dot before them are
    /// folders of tools.
    private static func isInstalled(_ path: EntryPath) -> Bool {
        var folder = path.parent
        guard folder.name.first != UInt8(ascii: ".") else { return false }
        folder = folder.parent
        if folder.name.first == UInt8(ascii: "@") { folder = folder.parent }
        return folder.name.elementsEqual("node_modules".utf8)
    }
}
