import LayerArchive
import Model

/// Software bills of materials that lie in an image: CycloneDX and SPDX.
///
/// Of what a bill names that is not seen installed anyway, the packages count as claims. Bills of distributions'
/// packages beside the distribution's own database add nothing, since that is the truth.
struct BillAnalyser: Analyser {
    let name = "bill-of-materials"
    let version = 1
    let claim = Package.Claim?.some(.billOfMaterials)
    let rules: [FileRule]

    /// How the one bill of an application is called, and the one that is scanned by itself.
    static let soleFileName = "sbom.json"

    /// - Parameter bytesMax: of one bill.
    init(bytesMax: Int64 = FileRule.claimBytesMax) {
        // Endings as CycloneDX and SPDX recommend them, and usual names.
        let endings = [".cdx.json", ".cdx", ".spdx.json", ".spdx"].map { FileRule.ending($0) }
        let names = ["bom.json", Self.soleFileName].map { FileRule.named($0) }
        rules = (endings + names).map { $0.claim(bytesMax: bytesMax) }
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        do { return try BillReader.read(bytes) } catch {
            guard error == BillReader.noBill else { throw error }
            // Other things have such names, too: that matters only where a bill was asked for.
            return FileFindings(undetermined: [Undetermined(what: path.description, reason: error.reason)])
        }
    }
}
