import Advisories
import Foundation
import Model

/// Made-up advisories and inventories for tests.
enum Samples {
    static let digest: Digest = {
        do { return try Digest("sha256:" + String(repeating: "0", count: 64)) } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// The folder of OSV exports beside these tests.
    static var folder: String { Bundle.module.resourceURL?.appendingPathComponent("Fixtures/osv").path ?? "" }

    static func advisory(
        _ id: String, _ ecosystem: String, _ package: String, _ events: [Advisory.Event] = [.init(.introduced, "0")],
        versions: [String] = [], aliases: [String] = [], upstream: [String] = [], severity: Severity = .unknown,
        withdrawn: String? = nil
    ) -> Advisory {
        Advisory(
            source: "test", id: id, withdrawn: withdrawn, aliases: aliases, upstream: upstream, severity: severity,
            severitySource: severity == .unknown ? nil : "database",
            affected: [
                .init(
                    ecosystem: Ecosystem(record: ecosystem), package: package, ranges: events.isEmpty ? [] : [events],
                    versions: versions)
            ])
    }

    static func fixed(_ version: String, from introduced: String = "0") -> [Advisory.Event] {
        [.init(.introduced, introduced), .init(.fixed, version)]
    }

    static func set(_ advisories: [Advisory], generation: Int = 7) -> AdvisorySet {
        var builder = AdvisorySet.Builder(generation: generation)
        for advisory in advisories { builder.add(advisory) }
        return builder.build()
    }

    static func package(
        _ type: PackageType, _ name: String, _ version: String, source: String? = nil, sourceVersion: String? = nil
    ) -> Package {
        Package(
            name: name, version: version, type: type, purl: "pkg:\(type.rawValue)/\(name)@\(version)",
            source: source.map { .init(name: $0, version: sourceVersion ?? version) }, location: "database")
    }

    static func inventory(_ distribution: Distribution?, _ packages: [Package]) -> Inventory {
        Inventory(
            digest: digest, platform: .linuxAMD64, distribution: distribution,
            configuration: ImageConfiguration(platform: .linuxAMD64), layers: [], packages: packages, undetermined: [],
            analyserVersion: "1")
    }

    static let debian12 = Distribution(id: "debian", versionID: "12")
    static let alpine318 = Distribution(id: "alpine", versionID: "3.18.4")
}
