import Foundation
import Model

/// Made-up images, findings and policies.
enum Samples {
    static let now = Date(timeIntervalSince1970: 1_700_000_000)
    static let digest: Digest = {
        do { return try Digest("sha256:" + String(repeating: "a", count: 64)) } catch {
            preconditionFailure("\(error)")
        }
    }()

    static func inventory(
        user: String = "app", labels: [String: String] = [:], packages: [Package] = [],
        undetermined: [Undetermined] = []
    ) -> Inventory {
        Inventory(
            digest: digest, platform: .linuxAMD64, distribution: nil,
            configuration: ImageConfiguration(platform: .linuxAMD64, user: user, labels: labels), layers: [],
            packages: packages,
            undetermined: undetermined, analyserVersion: "3")
    }

    static func package(_ name: String, _ version: String = "1.0", _ type: PackageType = .deb) -> Package {
        Package(
            name: name, version: version, type: type, purl: "pkg:\(type.rawValue)/\(name)@\(version)", location: "db")
    }

    static func finding(
        _ advisory: String, _ severity: Severity, on package: String = "openssl", aliases: [String] = [],
        fix: String? = "2.0"
    ) -> Finding {
        Finding(
            advisory: advisory, aliases: aliases,
            package: .init(name: package, version: "1.0", purl: "pkg:deb/\(package)@1.0"),
            state: fix == nil ? .affected : .fixed, fixedVersion: fix, severity: severity)
    }

    static func match(_ findings: [Finding] = [], undetermined: [Undetermined] = []) -> MatchResult {
        MatchResult(generation: 7, findings: findings, undetermined: undetermined)
    }

    static func policy(
        _ controls: [Control], id: String = "test", version: Int = 2, scope: Policy.Scope = .init(),
        enabled: Bool = true
    ) throws -> Policy {
        Policy(id: try PolicyID(id), version: version, name: id, scope: scope, controls: controls, enabled: enabled)
    }
}
