import Events
import Foundation
import Model

/// One value of every case of every payload, so that nothing that is written is left untried.
enum Samples {
    static let at = Date(timeIntervalSince1970: 1_790_000_000.123).milliseconds

    static func digest(_ byte: UInt8) -> Digest { Digest(sha256: [UInt8](repeating: byte, count: 32)) }
    static func name(_ text: String = "main/team/app:1.4") throws -> ImageName { try ImageName(text) }

    static func failure(_ kind: Failure.Kind = .unreachable) -> Failure {
        Failure(kind: kind, message: "the registry answered 503 “busy”", attempt: 3, nextAttemptAt: at)
    }

    static func registry() throws -> Registry {
        Registry(
            name: try RegistryName("main"), url: "https://registry.example.com/prefix", aliases: ["alias.example.com"],
            filter: ImageFilter(includeRepositories: ["team/*"], excludeTags: ["*-dev"]),
            enumeration: Schedule(at: try TimeOfDay("03:30"), timeZone: "Europe/Berlin"),
            platforms: [.linuxAMD64, try Platform("linux/arm/v7")],
            webhook: WebhookAuthentication(header: "Authorization", valueSHA256: digest(7)),
            credential: .sealed(keyID: "k1", box: [1, 2, 255]))
    }

    static func policy() -> Policy {
        Policy(
            id: .standard, version: 2, name: "Standard", scope: .init(registries: ["main"]),
            controls: [
                .maximumSeverity(.init(severity: .high, onlyFixed: true)),
                .blockedAdvisories(.init(ids: ["CVE-2021-44228"])),
                .blockedPackages(.init(packages: [.init(name: "xz-*", type: .deb, versions: ["5.6.0"])])), .notRoot,
                .requiredLabels(.init(labels: ["org.opencontainers.image.source": "https://*"])),
                .noSecrets(.init(except: ["srv/fixtures/*"])),
            ])
    }

    static func changes() throws -> [Change] {
        let name = try name()
        return [
            .observed(
                .init(name: name, digest: digest(1), mediaType: .ociIndex, source: .webhook, urgent: true)),
            .gone(.init(name: name, source: .enumeration)),
            .unresolved(.init(name: name, source: .api, failure: failure())),
            .unresolved(.init(name: name, source: .api, failure: failure(), registryVersion: 3)),
            .register(.init(name: name, actor: "alice")),
            .rescan(.init(registry: nil, reason: "schedule default")),
            .rescan(.init(registry: try RegistryName("main"), image: name, reason: "actor alice")),
            .remove(.init(name: name, revision: 9, actor: "cleanup", evidence: "the 4 newest stay")),
            .restore(.init(name: name, actor: "alice")),
            .candidate(try candidate()),
            .putRegistry(try registry()), .deleteRegistry(try RegistryName("main")),
            .putPolicy(policy()), .deletePolicy(.standard),
            .putRegistry(
                try registry(), under: .init(.exactly(3), keepsCredential: .whileTrusted, keepsWebhook: .secret)),
            .deleteRegistry(try RegistryName("main"), under: .init(.present)),
            .putPolicy(policy(), under: .init(.absent)), .deletePolicy(.standard, under: .init(.any)),
            .putSettings(SettingsRecord(rescan: Schedule(at: try TimeOfDay("00:00")), trashDays: 7)),
            .putToken(token()), .revokeToken(id: "t1"),
        ]
    }

    static func token() -> TokenRecord {
        TokenRecord(
            id: "t1", name: "ci of team", role: .ci, scope: .init(repositories: ["team/*"]), hash: digest(9),
            createdAt: at,
            expiresAt: at)
    }

    static func candidate() throws -> CandidateRecord {
        let key = CandidateRecord.key(try name(), digest(2))
        return CandidateRecord(
            name: try name(), digest: digest(2),
            inventoryKey: InventoryRecord.uploadKey(digest(2), uploader: "t1", candidate: key),
            register: .compliant, uploader: "t1", createdAt: at, expiresAt: at)
    }

    static func images() throws -> [ImageRecord] {
        let resolutions: [ImageRecord.Resolution] = [
            .resolved, .waiting(nil), .waiting(failure(.rateLimited)), .notPushed, .notFound,
        ]
        return try resolutions.map { resolution in
            ImageRecord(
                name: try name(), digest: digest(3), mediaType: .ociManifest, revision: 4, sources: [.ci, .webhook],
                firstSeenAt: at, boundAt: at, resolution: resolution,
                trash: .init(removedAt: at, restorableUntil: at, actor: "cleanup", evidence: "old", keepsOut: true))
        } + [ImageRecord(name: try name("main/a@\(digest(4))"), sources: [], firstSeenAt: at, resolution: .resolved)]
    }

    static func commands() throws -> [Command] {
        let rule = CleanupRule(registry: try RegistryName("main"), repositories: ["team/*"], keepNewest: 3)
        let actions: [Command.Action] = [
            .enumerate(try RegistryName("main")), .importAdvisories(origin: "/srv/osv"), .activateGeneration(4),
            .previewCleanup(rule), .applyCleanup(rule), .restore([try name()]),
        ]
        return actions.map { Command(id: "c1", action: $0, actor: "alice", issuedAt: at, deadline: at) }
    }

    static func inventory(packages: Int = 1) throws -> Inventory {
        Inventory(
            digest: digest(5), platform: .linuxAMD64,
            distribution: Distribution(id: "debian", versionID: "12", codename: "bookworm"),
            configuration: ImageConfiguration(
                platform: .linuxAMD64, user: "1000", environmentNames: ["PATH"], labels: ["a": "b"],
                entrypoint: ["/app"],
                history: [.init(createdBy: "COPY . /", emptyLayer: false)], diffIDs: [digest(6)]),
            layers: [.init(digest: digest(7), diffID: digest(6), sizeBytes: 1 << 40, createdBy: "COPY . /")],
            packages: (0..<packages).map { number in
                Package(
                    name: "lib\(number)", version: "1:2.\(number)-3~deb12u1", type: .deb, architecture: "amd64",
                    purl: "pkg:deb/debian/lib\(number)@1:2.\(number)-3~deb12u1",
                    source: .init(name: "src", version: "2"),
                    layer: digest(7), location: "var/lib/dpkg/status", licenses: ["MIT"])
            },
            undetermined: [Undetermined(what: "rpm", reason: "the database is of a form that is not read")],
            analyserVersion: "7",
            secrets: [
                ExposedSecret(
                    kind: "npm-token", place: .file, location: "root/.npmrc", line: 3, layer: digest(7),
                    sample: "npm_… (40 characters)", isRemoved: true)
            ], setIDFiles: [.init(path: "usr/bin/su", mode: "4755", layer: digest(7))])
    }

    static func inventories() throws -> [InventoryRecord] {
        [
            .platform(try inventory()),
            .index(
                .init(
                    digest: digest(1), children: [.init(platform: .linuxAMD64, digest: digest(5))],
                    missing: [try Platform("linux/arm64")])),
        ]
    }

    static func verdict() throws -> VerdictRecord {
        let verdict = Verdict(
            outcome: .nonCompliant,
            controls: [
                .init(
                    policy: .standard, policyVersion: 1, control: .maximumSeverity, outcome: .failed,
                    reasons: ["openssl 3.0.1 has CVE-2022-0778 of severity high; fixed in 3.0.2."])
            ],
            undetermined: [],
            inputs: .init(digest: digest(5), analyserVersion: "7", generation: 3, policies: ["standard@1"], now: at),
            validUntil: at)
        let finding = Finding(
            advisory: "DSA-1", aliases: ["CVE-2022-0778"],
            package: .init(name: "openssl", version: "3.0.1", purl: "pkg:deb/debian/openssl@3.0.1"), state: .fixed,
            fixedVersion: "3.0.2", severity: .high, severitySource: "CVSS:3.1/AV:N", summary: "loop")
        return VerdictRecord(
            name: try name(), digest: digest(5), verdict: verdict,
            platforms: [.init(platform: .linuxAMD64, digest: digest(5), findings: [finding], verdict: verdict)],
            judgedAt: at)
    }

    static func scanStates() throws -> [ScanStatusRecord] {
        let states: [ScanStatusRecord.State] =
            [.done, .notAnImage(type: "application/vnd.cncf.helm.config.v1+json")]
            + Failure.Kind.allCases.map { .failed(failure($0)) }
        return try states.map { state in
            ScanStatusRecord(
                digest: digest(5), state: state, platforms: [.linuxAMD64], analyserVersion: "7", name: try name(),
                scanner: "scanner-1", finishedAt: at, createdAt: at)
        }
    }
}
