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
    /// Endings as CycloneDX and SPDX recommend them, and usual names.
    let rules: [FileRule] =
        [".cdx.json", ".cdx", ".spdx.json", ".spdx"].map { FileRule.ending($0).databasePiece.byOwnNameOnly }
        + ["bom.json", Self.soleFileName].map { FileRule.named($0).databasePiece.byOwnNameOnly }

    /// How the one bill of an application is called, and the one that is scanned by itself.
    static let soleFileName = "sbom.json"

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        do { return try BillReader.read(bytes) } catch {
            guard error == BillReader.noBill else { throw error }
            // Other things have such names, too: that matters only where a bill was asked for.
            return FileFindings(undetermined: [Undetermined(what: path.description, reason: error.reason)])
        }
    }
}
