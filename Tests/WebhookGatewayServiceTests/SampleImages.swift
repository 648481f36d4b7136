import EventLogPort
import Events
import Foundation
import Model

/// What the other services would have written about an image.
enum SampleImages {
    static let now = Date(timeIntervalSince1970: 1_750_000_000)

    static func digest(_ character: Character) throws -> Digest {
        try Digest("sha256:" + String(repeating: character, count: 64))
    }

    static func image(
        _ name: String, _ digest: Digest?, revision: Int64 = 1, resolution: ImageRecord.Resolution = .resolved,
        trash: ImageRecord.Trash? = nil
    ) throws -> ImageRecord {
        ImageRecord(
            name: try ImageName(name), digest: digest, mediaType: .ociManifest, revision: revision, sources: [.webhook],
            firstSeenAt: now, boundAt: now, resolution: resolution, trash: trash)
    }

    static func inventory(_ digest: Digest, platform: Platform = .linuxAMD64) -> Inventory {
        let package = Package(
            name: "openssl", version: "3.0.11-1", type: .deb, purl: "pkg:deb/debian/openssl@3.0.11-1",
            location: "var/lib/dpkg/status")
        return Inventory(
            digest: digest, platform: platform, distribution: nil,
            configuration: ImageConfiguration(platform: platform), layers: [],
            packages: [package], undetermined: [], analyserVersion: "1")
    }

    static var finding: Finding {
        Finding(
            advisory: "DSA-1-1", aliases: ["CVE-2024-1"],
            package: .init(name: "openssl", version: "3.0.11-1", purl: "pkg:deb/debian/openssl@3.0.11-1"),
            state: .fixed,
            fixedVersion: "3.0.12-1", severity: .critical)
    }

    /// - Parameter inventories: what was judged; by default a scan of ours.
    static func verdict(
        _ name: String, _ digest: Digest, _ outcome: Verdict.Outcome, from inventories: [Verdict.InventoryVersion] = []
    ) throws -> VerdictRecord {
        let failed = outcome == .nonCompliant
        let control = Verdict.ControlResult(
            policy: .standard, policyVersion: 1, control: .maximumSeverity, outcome: failed ? .failed : .passed,
            reasons: failed ? ["openssl 3.0.11-1 has DSA-1-1 of severity critical"] : [])
        let verdict = Verdict(
            outcome: outcome, controls: [control], undetermined: [],
            inputs: .init(
                digest: digest,
                inventories: inventories.isEmpty ? [.init(key: digest.text, sha256: digest)] : inventories,
                analyserVersion: "1", generation: 1, policies: ["standard@1"], now: now))
        return VerdictRecord(
            name: try ImageName(name), digest: digest, verdict: verdict,
            platforms: [
                .init(platform: .linuxAMD64, digest: digest, findings: failed ? [finding] : [], verdict: verdict)
            ], judgedAt: now)
    }
}

extension Gateway {
    /// An image that its registry has shown; the catalogue binds it.
    func observe(_ name: String, _ digest: Digest) async throws {
        let change = Change.observed(
            .init(name: try ImageName(name), digest: digest, mediaType: .ociManifest, source: .webhook, urgent: true))
        try await append([try RecordDraft(Topics.changes, key: change.key, change, context())])
    }

    /// The record of a verdict that failed for these reasons.
    func verdict(_ name: String, _ digest: Digest, reasons: [String]) throws -> RecordDraft {
        var record = try SampleImages.verdict(name, digest, .nonCompliant)
        record.verdict.controls[0].reasons = reasons
        return try RecordDraft(Topics.verdicts, key: name, record, context())
    }

    /// An image with its inventory and its verdict, as a scanner and the evaluator write them.
    func addImage(
        _ name: String, _ digest: Digest, _ outcome: Verdict.Outcome, inventory: Inventory? = nil
    ) async throws {
        let record = try SampleImages.verdict(name, digest, outcome)
        try await observe(name, digest)
        try await append([
            try RecordDraft(
                Topics.inventories, key: digest.text,
                InventoryRecord.platform(inventory ?? SampleImages.inventory(digest)), context()),
            try RecordDraft(Topics.verdicts, key: name, record, context()),
            try RecordDraft(Topics.verdictHistory, key: name, record, context()),
        ])
    }
}
