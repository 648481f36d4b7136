import Advisories
import Foundation
import Model
import PolicyEngine
import ServiceRuntime

/// Judges with advisories of a folder and policies of files: the same engines as the services.
struct OfflineJudge: ImageJudge {
    private let advisories: AdvisorySet
    private let policies: [Policy]

    /// - Throws: `CommandFailure` for a folder or a file that cannot be read.
    init(advisories folder: String?, policies files: [String]) throws {
        policies = files.isEmpty ? [.standard] : try files.map { PolicyFile.policy(try PolicyFile.read($0)) }
        advisories = try folder.map(Self.load) ?? .empty
    }

    private static func load(_ folder: String) throws -> AdvisorySet {
        guard FileManager.default.fileExists(atPath: folder) else {
            throw CommandFailure(
                "there is no folder \(folder) with advisories", advice: "check the path", status: .usage)
        }
        var builder = AdvisorySet.Builder(generation: 1)
        var reading = AdvisoryImport { builder.add($0) }
        do { try reading.read(path: folder) } catch {
            throw CommandFailure(
                "cannot read advisories from \(folder)", cause: "\(error)",
                advice: "a folder with <ecosystem>/all.zip files, as OSV publishes them")
        }
        let report = reading.report
        if report.unreadable > 0 {
            Output.note(
                "warning: \(report.unreadable) advisories could not be read, such as \(Output.safe(report.problems.first ?? ""))"
            )
        }
        return builder.build()
    }

    func judge(_ image: ScannedImage) async throws -> JudgedImage {
        let now = Date().milliseconds
        let reports = image.inventories.map { inventory in
            let match = advisories.match(inventory)
            let verdict = Judge.judge(
                .unnamed, inventory: inventory, match: match, policies: policies, now: now)
            return ScanReport(
                image: image.name, digest: image.hasManifestDigest ? inventory.digest : nil,
                platform: inventory.platform, inventory: inventory, findings: match.findings,
                undetermined: verdict.undetermined,
                verdict: .init(outcome: verdict.outcome, controls: verdict.controls))
        }
        return JudgedImage(reports: reports)
    }
}
