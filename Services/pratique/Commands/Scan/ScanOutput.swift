import Foundation
import Model

/// Writes the reports of a scan: JSON as documented in `docs/reference/report.md`, or tables for people.
struct ScanOutput {
    /// Certificates that end within 30 days are told.
    private static let soon: TimeInterval = 30 * 86_400

    let options: OutputOptions
    var now = Date()

    func write(_ reports: [ScanReport]) throws {
        switch (options.format, options.quiet) {
        case (.json, _):
            Output.data(try JSONFormat.encode(ScanReports(reports), pretty: true))
        case (.table, true):
            reports.forEach { Output.data($0.verdict.outcome.rawValue) }
        case (.table, false):
            reports.forEach(writeTable)
        }
    }

    private func writeTable(_ report: ScanReport) {
        let digest = report.digest.map { " \($0.short)" } ?? ""
        let platform = report.platform.map { " \($0)" } ?? ""
        Output.data(
            Output.safe(
                "\(report.image)\(digest)\(platform): \(report.packages.count) packages, \(report.findings.count) findings"
            ))
        if !report.findings.isEmpty {
            let sorted = report.findings.sorted {
                ($1.severity, $0.package.name, $0.advisory) < ($0.severity, $1.package.name, $1.advisory)
            }
            Output.data(Table(columns: Self.columns).render(sorted))
            if let count = report.findingsOfBaseImage {
                let base = report.baseImage
                let name = (base?.image?.text ?? base?.name).map { " " + $0 } ?? ""
                Output.data(
                    Output.safe("\(count) of \(report.findings.count) findings came with the base image\(name)"))
            }
        }
        for secret in report.secrets ?? [] {
            let line = secret.line.map { ":\($0)" } ?? ""
            let removed = secret.isRemoved ? " (removed by a later layer, still in the image)" : ""
            let place = secret.place == .file ? "" : "\(secret.place.rawValue) "
            Output.data(Output.safe("secret: \(secret.kind): \(place)\(secret.location)\(line)\(removed)"))
        }
        for certificate in report.certificates ?? [] {
            guard let end = Date(rfc3339: certificate.notAfter), end < now.addingTimeInterval(Self.soon) else {
                continue
            }
            let state = end < now ? "expired on" : "expires on"
            Output.data(
                Output.safe(
                    "certificate: \(certificate.path): \(certificate.subject) \(state) \(certificate.notAfter.prefix(10))"
                ))
        }
        for unknown in report.undetermined {
            Output.data(Output.safe("undetermined: \(unknown.what): \(unknown.reason)"))
        }
        for control in report.verdict.controls {
            Output.data(Output.safe("\(control.outcome.rawValue): \(control.policy) \(control.control.rawValue)"))
            for reason in control.reasons { Output.data(Output.safe("  \(reason)")) }
        }
        Output.data(Output.safe("verdict: \(report.verdict.outcome.rawValue)"))
    }

    private static var columns: [Table<Finding>.Column] {
        [
            .init("ADVISORY") { $0.advisory }, .init("SEVERITY") { $0.severity.rawValue },
            .init("PACKAGE") { $0.package.name },
            .init("VERSION") { $0.package.version }, .init("FIXED IN") { $0.fixedVersion ?? "-" },
            .init("ALIASES") { $0.aliases.prefix(3).joined(separator: " ") },
        ]
    }
}
