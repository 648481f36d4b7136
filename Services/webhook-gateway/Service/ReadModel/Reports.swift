import Events
import Foundation
import GRDB
import GatewayAPI
import Model

extension ReadModel {
    /// The report of a verdict, one a platform, with the packages that were judged; never empty.
    /// - Parameters:
    ///   - key: the image name or the candidate's key.
    ///   - caller: who reads it.
    /// - Returns: nil where there is no verdict for that digest yet.
    func reports(key: String, image: String, digest: Digest?, for caller: Principal) async throws -> ScanReports? {
        try await read { db in
            guard let record = try StoredDocument.find(Topics.verdicts, key, db)?.payload(VerdictRecord.self),
                digest == nil || record.digest == digest
            else { return nil }
            let platforms = try record.platforms.map { platform in
                let inventory = try Self.inventory(platform.verdict.inputs, db)
                var report = ScanReport(image: image, platform: platform, inventory: inventory)
                report.baseImage = try inventory.flatMap { try KnownBases.base(of: $0, seenBy: caller, db) }
                return report
            }
            return ScanReports(platforms + [ScanReport(image: image, beyondPlatformsOf: record)].compactMap { $0 })
        }
    }

    /// The inventories that a verdict judged, one a platform.
    /// - Returns: nil where there is no verdict for that digest yet.
    func inventories(of image: ImageName, digest: Digest) async throws -> [Inventory]? {
        try await read { db in
            guard let record = try StoredDocument.find(Topics.verdicts, image.text, db)?.payload(VerdictRecord.self),
                record.digest == digest
            else { return nil }
            return try record.platforms.compactMap { try Self.inventory($0.verdict.inputs, db) }
        }
    }

    /// The one that was judged, and no other of the same digest.
    private static func inventory(_ inputs: Verdict.Inputs, _ db: Database) throws -> Inventory? {
        guard let key = inputs.inventories.first?.key,
            case .platform(let inventory)? = try StoredDocument.find(Topics.inventories, key, db)?
                .payload(InventoryRecord.self)
        else { return nil }
        return inventory
    }
}

extension ScanReport {
    init(image: String, platform: VerdictRecord.PlatformResult, inventory: Inventory?) {
        self.init(
            image: image, digest: platform.digest, platform: platform.platform ?? inventory?.platform,
            inventory: inventory, findings: platform.findings,
            undetermined: platform.verdict.undetermined
                + (inventory == nil && platform.verdict.undetermined.isEmpty
                    ? [Undetermined(what: "packages", reason: "the inventory that was judged is not kept any more")]
                    : []),
            verdict: ReportedVerdict(outcome: platform.verdict.outcome, controls: platform.verdict.controls))
    }

    /// What a verdict says beside its platforms: all of it where none was judged, as after a failed scan, else what is
    /// unknown of the index itself, such as a platform that it does not have. Nil where the platforms say everything.
    init?(image: String, beyondPlatformsOf record: VerdictRecord) {
        let (verdict, results) = (record.verdict, record.platforms)
        let told = Set(results.flatMap { $0.verdict.undetermined })
        let names = results.compactMap { $0.platform?.description }
        let rest = verdict.undetermined.filter { unknown in
            !told.contains(unknown)
                && !names.contains { unknown.what == "platform \($0)" || unknown.what.hasPrefix("\($0): ") }
        }
        guard results.isEmpty || !rest.isEmpty else { return nil }
        self.init(
            image: image, digest: record.digest, platform: nil, inventory: nil, undetermined: rest,
            verdict: ReportedVerdict(
                outcome: results.isEmpty ? verdict.outcome : .undetermined,
                controls: results.isEmpty ? verdict.controls : []))
    }
}
