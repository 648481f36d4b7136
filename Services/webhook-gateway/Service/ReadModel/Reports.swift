import Events
import Foundation
import GRDB
import GatewayAPI
import Model

extension ReadModel {
    /// The reports of a verdict, one a platform, with the packages that were judged.
    /// - Parameter key: the image name or the candidate's key.
    /// - Returns: nil where there is no verdict for that digest yet.
    func reports(key: String, image: String, digest: Digest?, uploader: String? = nil) async throws -> [ScanReport]? {
        try await read { db in
            guard let record = try StoredDocument.find(Topics.verdicts, key, db)?.payload(VerdictRecord.self),
                digest == nil || record.digest == digest
            else { return nil }
            return try record.platforms.map { platform in
                let inventory = try Self.inventory(platform.digest, uploader: uploader, db)
                return ScanReport(image: image, platform: platform, inventory: inventory)
            }
        }
    }

    /// Our own scan first; an upload only stands in while there is none.
    private static func inventory(_ digest: Digest, uploader: String?, _ db: Database) throws -> Inventory? {
        var keys = [digest.text]
        if let uploader { keys.insert(InventoryRecord.uploadKey(digest, uploader: uploader), at: 0) }
        keys += try String.fetchAll(
            db, sql: "SELECT key FROM inventory WHERE digest = ? ORDER BY key LIMIT 10", arguments: [digest.text])
        for key in keys {
            guard let record = try StoredDocument.find(Topics.inventories, key, db)?.payload(InventoryRecord.self)
            else {
                continue
            }
            if case .platform(let inventory) = record { return inventory }
        }
        return nil
    }
}

extension ScanReport {
    init(image: String, platform: VerdictRecord.PlatformResult, inventory: Inventory?) {
        self.init(
            image: image, digest: platform.digest, platform: platform.platform ?? inventory?.platform,
            packages: inventory?.packages.map(ReportedPackage.init) ?? [], findings: platform.findings,
            undetermined: platform.verdict.undetermined
                + (inventory == nil && platform.verdict.undetermined.isEmpty
                    ? [Undetermined(what: "packages", reason: "the inventory that was judged is not kept any more")]
                    : []),
            verdict: ReportedVerdict(outcome: platform.verdict.outcome, controls: platform.verdict.controls))
    }
}
