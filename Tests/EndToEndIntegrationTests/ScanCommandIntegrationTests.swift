import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport
import Testing

@Suite("pratique scan, without a server")
struct ScanCommandIntegrationTests {
    private static let fixed = "3.0.11-1"

    private func advisories(in folder: URL, _ ecosystem: String = "Debian:12") throws -> [String] {
        let osv = folder.appending(path: "osv")
        try AdvisoryFolder.write(
            [.init(id: "DSA-1", ecosystem: ecosystem, package: "openssl", fixed: Self.fixed)], in: osv)
        return ["--offline", "--advisories", osv.path, "--format", "json"]
    }

    @Test(
        "reads every form of an image, reports it as documented and exits with 4 where a policy is not met",
        arguments: ["oci", "oci with its tag", "oci-archive", "docker-archive"])
    func forms(_ form: String) async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder)
            let reference =
                switch form {
                case "oci": "oci:\(subject.layout.path)"
                case "oci with its tag": "oci:\(subject.layout.path):1"
                case "oci-archive": "oci-archive:\(try subject.archive().path)"
                default: "docker-archive:\(try subject.dockerArchive().path)"
                }
            let result = try ScanProgram(folder: folder).run(reference, try advisories(in: folder))
            #expect(result.status == 4, "\(result.errors)")
            let reports = try result.reports()
            let report = try #require(reports.first)
            #expect(reports.count == 1)
            #expect(report.packages.map { "\($0.type) \($0.name) \($0.version)" } == ["deb openssl 3.0.1-1"])
            #expect(report.findings.map(\.advisory) == ["DSA-1"])
            #expect(report.verdict.outcome == .nonCompliant)
            // A docker-archive has no manifest, so no digest of one.
            #expect(report.digest == (form == "docker-archive" ? nil : subject.image.digest))
        }
    }

    @Test("a bill of materials that it wrote is judged as the image is", arguments: ["cyclonedx", "spdx"])
    func bill(_ form: String) async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder)
            let program = ScanProgram(folder: folder)
            let image = try program.run("oci:\(subject.layout.path)", try advisories(in: folder))
            let bill = try program.run("oci:\(subject.layout.path)", ["--format", form], command: "sbom")
            let file = folder.appending(path: "bill.json")
            try bill.output.write(to: file)
            for (reference, input) in [
                ("sbom:\(file.path)", FileHandle.nullDevice), ("sbom:-", try FileHandle(forReadingFrom: file)),
            ] {
                let result = try program.run(reference, try advisories(in: folder), input: input)
                #expect(result.status == 4, "\(result.errors)")
                let report = try #require(try result.reports().first)
                let expected = try #require(try image.reports().first)
                #expect(report.packages.map(\.purl) == expected.packages.map(\.purl))
                #expect(report.packages.map(\.source) == expected.packages.map(\.source))
                #expect(report.findings == expected.findings)
                #expect(report.packages.allSatisfy { $0.claim == .billOfMaterials })
            }
        }
    }

    @Test("reads an archive from its standard input, be it a file or a pipe")
    func standardInput() async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder)
            let program = ScanProgram(folder: folder)
            let archive = try subject.dockerArchive()
            let pipe = Pipe()
            let writer = Thread {
                try? pipe.fileHandleForWriting.write(contentsOf: (try? Data(contentsOf: archive)) ?? Data())
                try? pipe.fileHandleForWriting.close()
            }
            writer.start()
            for input in [try FileHandle(forReadingFrom: archive), pipe.fileHandleForReading] {
                let result = try program.run("docker-archive:-", try advisories(in: folder), input: input)
                #expect(result.status == 4, "\(result.errors)")
                #expect(try result.reports().first?.findings.map(\.advisory) == ["DSA-1"])
            }
            let empty = try program.run("oci-archive:-", try advisories(in: folder))
            #expect(empty.status == 1)
            let text = folder.appending(path: "text")
            try Data("no archive".utf8).write(to: text)
            let other = try program.run(
                "oci-archive:-", try advisories(in: folder), input: try FileHandle(forReadingFrom: text))
            #expect(other.status == 1 && other.errors.contains("the standard input"))
        }
    }

    @Test("of a registry's image", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
    func registry() async throws {
        try await withFolder { folder in
            let registry = try await DistributionRegistry.start(folder: folder.appending(path: "registry"))
            defer { registry.stop() }
            let subject = try ScanSubject(in: folder, openssl: Self.fixed)
            let target = "127.0.0.1:\(registry.port)/team/app:1"
            try Program.run(
                RootFolder.program("skopeo"),
                ["copy", "--dest-tls-verify=false", "oci:\(subject.layout.path):1", "docker://" + target])
            let result = try ScanProgram(folder: folder).run(target, try advisories(in: folder))
            #expect(result.status == 0, "\(result.errors)")
            let report = try #require(try result.reports().first)
            #expect(report.verdict.outcome == .compliant)
            #expect(report.findings.isEmpty && report.packages.count == 1)
        }
    }

    @Test(
        "a bill of materials that a registry keeps beside an image counts",
        .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
    func attached() async throws {
        try await withFolder { folder in
            let registry = try await DistributionRegistry.start(folder: folder.appending(path: "registry"))
            defer { registry.stop() }
            let subject = try ScanSubject(in: folder, openssl: Self.fixed)
            let pusher = try ImagePusher(CurlTransport(.init(addresses: .privateNetworks)), address: registry.address)
            try await pusher.push(subject.image, "team/app", tag: "1")
            let bill = Array(
                #"{"bomFormat": "CycloneDX", "components": [{"name": "ms", "purl": "pkg:npm/ms@2.1.3"}]}"#.utf8)
            let empty = Array("{}".utf8)
            for bytes in [bill, empty] { try await pusher.pushBlob(bytes, "team/app") }
            let type: MediaType = "application/vnd.cyclonedx+json"
            var manifest = Manifest(
                mediaType: .ociManifest, config: ImageFixture.describe(empty, "application/vnd.oci.empty.v1+json"),
                layers: [ImageFixture.describe(bill, type)])
            manifest.subject = subject.image.descriptor
            manifest.artifactType = type.text
            let bytes = Array(try JSONFormat.encode(manifest))
            try await pusher.pushManifest(bytes, type: .ociManifest, "team/app")
            var descriptor = ImageFixture.describe(bytes, .ociManifest)
            descriptor.artifactType = type.text
            let list = Array(try JSONFormat.encode(ImageIndex(mediaType: .ociIndex, manifests: [descriptor])))
            try await pusher.pushManifest(
                list, type: .ociIndex, "team/app", tag: "sha256-\(subject.image.digest.hex)")
            let result = try ScanProgram(folder: folder).run(
                "127.0.0.1:\(registry.port)/team/app:1", try advisories(in: folder))
            let packages = try #require(try result.reports().first).packages
            #expect(packages.map { "\($0.name) \($0.claim?.rawValue ?? "")" } == ["openssl ", "ms bill-of-materials"])
        }
    }

    @Test("exits with 1 where nothing is known of the distribution, and where the image is not there")
    func undetermined() async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder)
            let program = ScanProgram(folder: folder)
            let other = try advisories(in: folder, "Debian:11")
            let unknown = try program.run("oci:\(subject.layout.path)", other)
            #expect(unknown.status == 1, "\(unknown.errors)")
            let report = try #require(try unknown.reports().first)
            #expect(report.verdict.outcome == .undetermined)
            #expect(!report.undetermined.isEmpty)
            let absent = try program.run("oci:\(folder.path)/nothing", other)
            #expect(absent.status == 1)
            #expect(absent.output.isEmpty)
            #expect(absent.errors.contains("no such file or folder"))
        }
    }

    @Test("judges by the policy files that it is given")
    func policy() async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder, openssl: Self.fixed)
            let file = folder.appending(path: "policy.yaml")
            let text = """
                id: no-openssl
                name: No OpenSSL
                controls:
                  - type: blocked-packages
                    packages: [{name: openssl}]
                """
            try Data(text.utf8).write(to: file)
            let result = try ScanProgram(folder: folder).run(
                "oci:\(subject.layout.path)", try advisories(in: folder) + ["--policy", file.path])
            #expect(result.status == 4, "\(result.errors)")
            let controls = try #require(try result.reports().first).verdict.controls
            #expect(controls.map { "\($0.policy) \($0.control.rawValue)" } == ["no-openssl blocked-packages"])
        }
    }

    @Test("keeps what it read of layers, unless it is told not to")
    func cache() async throws {
        try await withFolder { folder in
            let subject = try ScanSubject(in: folder)
            let program = ScanProgram(folder: folder)
            let arguments = try advisories(in: folder)
            let reference = "oci:\(subject.layout.path)"
            let fresh = try program.run(reference, arguments + ["--no-cache"])
            #expect(program.cachedFiles() == 0)
            let first = try program.run(reference, arguments)
            #expect(program.cachedFiles() > 0)
            let second = try program.run(reference, arguments)
            #expect(first.output == fresh.output && second.output == fresh.output)
            #expect([fresh, first, second].map(\.status) == [4, 4, 4])
        }
    }

    @Test("reports each platform of an index, and one that was asked for and is not there")
    func platforms() async throws {
        try await withFolder { folder in
            let layout = folder.appending(path: "index")
            _ = try ScanSubject.writeIndex(
                [
                    (ScanSubject.image(openssl: Self.fixed), .linuxAMD64),
                    (try ScanSubject.image(openssl: "3.0.1-1", platform: ScanSubject.arm64), try ScanSubject.arm64),
                ], to: layout)
            let program = ScanProgram(folder: folder)
            let arguments = try advisories(in: folder)
            let usual = try program.run("oci:\(layout.path)", arguments)
            #expect(usual.status == 0, "\(usual.errors)")
            #expect(try usual.reports().map(\.platform) == [.linuxAMD64])
            let all = try program.run("oci:\(layout.path)", arguments + ["--platform", "all"])
            #expect(all.status == 4, "\(all.errors)")
            #expect(try all.reports().map(\.verdict.outcome) == [.compliant, .nonCompliant])
            let missing = try program.run(
                "oci:\(layout.path)", arguments + ["--platform", "linux/amd64", "--platform", "linux/s390x"])
            #expect(missing.status == 1, "\(missing.errors)")
            let reports = try missing.reports()
            #expect(reports.map(\.verdict.outcome) == [.compliant, .undetermined])
            #expect(reports.last?.undetermined.map(\.what) == ["platform linux/s390x"])
        }
    }
}

@Suite(
    "pratique scan, with a server",
    .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct ServerScanIntegrationTests {
    /// A server with advisories, and a pipeline's token for it.
    private func open(in folder: URL) async throws -> (Harbour, [String: String]) {
        let harbour = try await Harbour.open(in: folder)
        let osv = folder.appending(path: "osv")
        try AdvisoryFolder.write(
            [.init(id: "DSA-1", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.11-1")], in: osv)
        let imported = try await harbour.pratique.command("advisories/import", body: ImportRequest(origin: osv.path))
        #expect(imported.state == .done, "\(imported.message)")
        let token = try await harbour.pratique.call(
            .post, "tokens", body: TokenRequest(name: "pipeline", role: "ci"), as: NewToken.self)
        return (harbour, ["PRATIQUE_SERVER": harbour.pratique.addresses.api, "PRATIQUE_TOKEN": token.token])
    }

    private func isListed(_ harbour: Harbour, _ repository: String) async throws -> Bool {
        let images = try await harbour.pratique.call(.get, "images", as: Page<ImageSummary>.self)
        return images.items.contains { $0.name.repository.text == repository }
    }

    @Test("registers as it is told: always, if compliant, never")
    func register() async throws {
        try await withFolder { folder in
            let (harbour, environment) = try await open(in: folder)
            defer { harbour.close() }
            let program = ScanProgram(folder: folder)
            let good = try ScanSubject(in: folder.appending(path: "good"), openssl: "3.0.11-1")
            let bad = try ScanSubject(in: folder.appending(path: "bad"))
            let cases: [(mode: String, subject: ScanSubject, status: Int32, isRegistered: Bool)] = [
                ("never", good, 0, false), ("compliant", good, 0, true), ("never", bad, 4, false),
                ("compliant", bad, 4, false), ("always", bad, 4, true),
            ]
            for (mode, subject, status, isRegistered) in cases {
                let repository = "team/" + (subject.image.digest == good.image.digest ? "good" : "bad")
                let name = "127.0.0.1:\(harbour.registry.port)/\(repository):1"
                let result = try program.run(
                    "oci:\(subject.layout.path)", ["--name", name, "--register", mode, "--format", "json"],
                    environment: environment)
                #expect(result.status == status, "\(mode) \(repository): \(result.errors)")
                #expect(try result.reports().first?.packages.count == 1)
                #expect(try await isListed(harbour, repository) == isRegistered, "\(mode) \(repository)")
                #expect(result.errors.contains("registered demo/\(repository):1") == isRegistered, "\(result.errors)")
            }
            let image = try await harbour.pratique.image("demo/team/bad:1", "has the upload's verdict") {
                $0.digest == bad.image.digest && !$0.reasons.isEmpty && $0.packages == 1
            }
            #expect(image.sources == ["ci"])
        }
    }

    @Test("has an index judged by its platforms, be it one or all of them")
    func index() async throws {
        try await withFolder { folder in
            let (harbour, environment) = try await open(in: folder)
            defer { harbour.close() }
            let program = ScanProgram(folder: folder)
            let layout = folder.appending(path: "index")
            let digest = try ScanSubject.writeIndex(
                [
                    (ScanSubject.image(openssl: "3.0.11-1"), .linuxAMD64),
                    (try ScanSubject.image(openssl: "3.0.1-1", platform: ScanSubject.arm64), try ScanSubject.arm64),
                ], to: layout)
            func scan(_ repository: String, _ more: [String]) throws -> ScanProgram.Result {
                try program.run(
                    "oci:\(layout.path)",
                    ["--name", "127.0.0.1:\(harbour.registry.port)/\(repository):1", "--format", "json"] + more,
                    environment: environment)
            }
            let one = try scan("team/one", ["--register", "compliant"])
            #expect(one.status == 0, "\(one.errors)")
            #expect(try one.reports().map(\.verdict.outcome) == [.compliant])
            try await harbour.pratique.image("demo/team/one:1", "is bound to the index") { $0.digest == digest }
            let all = try scan("team/all", ["--register", "always", "--platform", "all"])
            #expect(all.status == 4, "\(all.errors)")
            #expect(try Set(all.reports().map(\.verdict.outcome)) == [.compliant, .nonCompliant])
            let missing = try scan(
                "team/missing", ["--register", "compliant", "--platform", "linux/amd64", "--platform", "linux/s390x"])
            #expect(missing.status == 1, "\(missing.errors)")
            #expect(try await !isListed(harbour, "team/missing"))
        }
    }

    @Test("judges what a registry has, by its reference")
    func reference() async throws {
        try await withFolder { folder in
            let (harbour, environment) = try await open(in: folder)
            defer { harbour.close() }
            let image = ScanSubject.image(openssl: "3.0.11-1")
            try await harbour.pusher().push(image, "team/app", tag: "1")
            let result = try ScanProgram(folder: folder).run(
                "127.0.0.1:\(harbour.registry.port)/team/app:1", ["--register", "compliant", "--format", "json"],
                environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try result.reports().first?.digest == image.digest)
        }
    }
}
