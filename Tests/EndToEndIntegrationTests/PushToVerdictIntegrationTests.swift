import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@Suite(
    "Push an image, get a verdict", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct PushToVerdictIntegrationTests {
    @Test("an image pushed by skopeo is listed with a verdict, with the packages that the package managers list")
    func pushedImage() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let root = try RootFolder.make(in: folder.appending(path: "root"))
            try root.addPythonEnvironment()
            let dpkg = try root.dpkgPackages()
            let pip = try root.pipPackages()
            try #require(!dpkg.isEmpty && !pip.isEmpty)

            let layers = try [["etc", "usr", "var"], ["opt"]].enumerated().map { index, paths in
                try root.layer(paths, to: folder.appending(path: "layer-\(index).tar.gz"))
            }
            let layout = folder.appending(path: "layout")
            try OCILayout.write(gzipLayers: layers, user: "1000", to: layout, tag: "1")
            let target = "docker://127.0.0.1:\(harbour.registry.port)/team/app:1"
            try Program.run(
                RootFolder.program("skopeo"), ["copy", "--dest-tls-verify=false", "oci:\(layout.path):1", target])

            // A busy machine may make the first attempt fail; then the next one comes by itself.
            let summary = try await harbour.pratique.image(
                "demo/team/app:1", within: .seconds(60), "is scanned and judged"
            ) {
                ImageSummary.Status.judged.contains($0.status) && $0.failure == nil
            }
            let report = try #require(try await harbour.pratique.reports("demo/team/app:1").first)
            let found = Dictionary(grouping: report.packages, by: \.type).mapValues {
                Set($0.map { "\($0.name) \($0.version)" })
            }
            try #require(found[.deb] == dpkg)
            try #require(Set((found[.pypi] ?? []).map { $0.lowercased() }) == pip)
            try #require(summary.packages == dpkg.count + pip.count)
            // Without advisories nothing is called clean.
            try #require(summary.status == .undetermined)
            try #require(!summary.reasons.isEmpty)
        }
    }

    @Test("findings are the advisories that apply, and change with the generation, without asking the registry again")
    func findings() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let image = SmallImage.debian(packages: [
                .init("libssl3", "3.0.11-1~deb12u1", source: "openssl"),
                .init("zlib1g", "1:1.2.13.dfsg-1", source: "zlib"),
            ])
            try await harbour.pusher().push(image, "team/app", tag: "1")
            _ = try await harbour.pratique.image("demo/team/app:1")
            let asked = try harbour.requests("GET", holding: "/blobs/")

            let advisories = folder.appending(path: "osv")
            try AdvisoryFolder.write(
                [
                    .init(id: "DSA-1", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.11-1~deb12u2"),
                    .init(id: "DSA-2", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.10-1"),
                    .init(id: "DSA-3", ecosystem: "Debian:12", package: "zlib", fixed: nil),
                    .init(id: "DSA-4", ecosystem: "Debian:12", package: "zlib", fixed: "9", withdrawn: true),
                    .init(id: "DSA-5", ecosystem: "Debian:11", package: "zlib", fixed: "9"),
                ], in: advisories)
            let answer = try await harbour.pratique.command(
                "advisories/import", body: ImportRequest(origin: advisories.path))
            try #require(answer.state == .done, "\(answer.message)")

            let summary = try await harbour.pratique.image("demo/team/app:1", "is non-compliant") {
                $0.status == .nonCompliant
            }
            try #require(summary.counts.critical == 2)
            let report = try #require(try await harbour.pratique.reports("demo/team/app:1").first)
            try #require(report.findings.map(\.advisory).sorted() == ["DSA-1", "DSA-3"])
            try #require(report.findings.first { $0.advisory == "DSA-3" }?.state == .affected)
            try #require(report.findings.first { $0.advisory == "DSA-1" }?.fixedVersion == "3.0.11-1~deb12u2")
            try #require(try harbour.requests("GET", holding: "/blobs/") == asked)

            // A policy that allows it makes the same image compliant.
            let policy = PolicyRequest(
                id: .standard, name: "Lenient", controls: [.maximumSeverity(.init(severity: .critical))])
            _ = try await harbour.pratique.call(.put, "policies/standard", body: policy, as: Policy.self)
            try await harbour.pratique.image("demo/team/app:1", "is compliant") { $0.status == .compliant }
        }
    }

    @Test("200 equal notifications cause one manifest pull and one GET per layer; shared layers are fetched once")
    func coalescing() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let base = SmallImage.layer(["etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n"])
            let first = SmallImage.make(layers: [base, SmallImage.layer(["one": "1"])])
            let second = SmallImage.make(layers: [base, SmallImage.layer(["two": "2"])])
            try await harbour.pusher().push(first, "team/app", tag: "1")
            let body = DistributionEvent.push(repository: "team/app", tag: "1", digest: first.digest)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<200 {
                    group.addTask { try await harbour.deliver(body, secret: Harbour.secret) }
                }
                for try await status in group { try #require(status == 202) }
            }
            try await harbour.pratique.image("demo/team/app:1")
            try await harbour.pusher().push(second, "team/web", tag: "1")
            try await harbour.pratique.image("demo/team/web:1")
            try await harbour.settle()

            let manifests = try harbour.requests("GET", holding: "/manifests/\(first.digest)")
            try #require(manifests.values.reduce(0, +) == 1, "\(manifests)")
            let blobs = try harbour.requests("GET", holding: "/blobs/")
            for layer in Set((first.layerDescriptors + second.layerDescriptors).map(\.digest)) {
                let count = blobs.filter { $0.key.contains(layer.text) }.values.reduce(0, +)
                try #require(count == 1, "layer \(layer) was fetched \(count) times")
            }
        }
    }

    @Test("deliveries that are late, repeated and out of order end at what the registry says")
    func convergence() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let images = (1...3).map { SmallImage.make(layers: [SmallImage.layer(["version": "\($0)"])]) }
            let pusher = try harbour.pusher()
            // Each push moves the tag, mostly while the scan of the one before runs.
            for image in images { try await pusher.push(image, "team/app", tag: "1") }
            // Late and repeated, oldest last.
            for image in images.reversed() {
                let event = DistributionEvent.push(repository: "team/app", tag: "1", digest: image.digest)
                for _ in 0..<3 { _ = try await harbour.deliver(event, secret: Harbour.secret) }
            }
            try await harbour.settle()
            let newest = images[2].digest
            try await harbour.pratique.image("demo/team/app:1", "is bound to the newest digest") {
                $0.digest == newest && ImageSummary.Status.judged.contains($0.status)
            }

            // Deleted and pushed again: the delete that comes once more takes nothing away.
            try await pusher.delete("team/app", newest)
            try await harbour.pratique.image("demo/team/app:1", "is in the trash") { $0.restorableUntil != nil }
            try await pusher.push(images[2], "team/app", tag: "1")
            _ = try await harbour.deliver(
                DistributionEvent.delete(repository: "team/app", digest: newest), secret: Harbour.secret)
            try await harbour.settle()
            try await harbour.pratique.image("demo/team/app:1", "is back with the newest digest") {
                $0.digest == newest && $0.restorableUntil == nil && ImageSummary.Status.judged.contains($0.status)
            }
        }
    }

    @Test("a registry that was down is asked again by itself, and nothing is lost")
    func registryDown() async throws {
        try await withFolder { folder in
            let port = try FreePort.take()
            let harbour = try await Harbour.open(in: folder, registryPort: port)
            defer { harbour.close() }
            let image = SmallImage.debian(packages: [.init("bash", "5.2-1")])
            let pusher = try harbour.pusher()
            try await pusher.push(image, "team/app", tag: "1")
            try await harbour.pratique.image("demo/team/app:1")
            harbour.registry.stop()
            let event = DistributionEvent.push(repository: "team/late", tag: "1", digest: image.digest)
            try #require(try await harbour.deliver(event, secret: Harbour.secret) == 202)
            let failed = try await harbour.pratique.image("demo/team/late:1", "says why it is not known") {
                $0.failure != nil
            }
            try #require(failed.failure?.nextAttemptAt != nil && failed.failure?.message.isEmpty == false)
            // What was known stays as it was.
            try #require(try await harbour.pratique.image("demo/team/app:1").digest == image.digest)

            let again = try await DistributionRegistry.start(folder: folder.appending(path: "registry"), port: port)
            defer { again.stop() }
            try await ImagePusher(harbour.pratique.transport, address: again.address).push(image, "team/late", tag: "1")
            try await harbour.pratique.image("demo/team/late:1", "is judged when its next attempt has come")
        }
    }

    @Test("SIGTERM ends the process with status 0, also while a connection is open")
    func gracefulStop() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            // The transport keeps its connections for the next request.
            try await harbour.pusher().push(SmallImage.debian(packages: []), "team/app", tag: "1")
            try await harbour.pratique.image("demo/team/app:1")
            let ending = harbour.pratique.stop()
            try #require(ending == .exited(0), "\(harbour.pratique.program.lastWords)")
        }
    }

    @Test("a wrong secret is refused, and leaves nothing behind")
    func wrongSecret() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let body = DistributionEvent.push(
                repository: "team/app", tag: "1", digest: SmallImage.make(layers: []).digest)
            // 404, as for a registry that does not exist: neither tells which names are known.
            try #require(try await harbour.deliver(body, secret: "Bearer wrong") == 404)
            try #require(try await harbour.deliver(body, secret: nil) == 404)
            let images = try await harbour.pratique.call(.get, "images", as: Page<ImageSummary>.self)
            try #require(images.items.isEmpty)
        }
    }
}
