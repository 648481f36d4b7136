import EventLogPort
import Events
import Foundation
import Model
import TestSupport
import Testing

/// What can go wrong with a registry or an image becomes a clear reason as state, and the pipeline goes on.
@Suite("A scan that fails says why")
struct ScanFailureTests {
    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        case manifestMissing, blobMissing, rateLimited, serverError, truncatedBody, wrongDigest, wrongDiffID
        case unknownMediaType, unknownLayer, corruptGzip, truncatedTar, emptyLayer, credentialsRefused

        var testDescription: String { rawValue }

        var kind: Failure.Kind {
            switch self {
            case .manifestMissing, .blobMissing: .notFound
            case .rateLimited: .rateLimited
            case .serverError: .unreachable
            case .truncatedBody, .wrongDigest, .wrongDiffID, .corruptGzip, .truncatedTar, .emptyLayer: .damaged
            case .unknownMediaType, .unknownLayer: .unsupported
            case .credentialsRefused: .unauthorized
            }
        }
    }

    @Test("each trouble has its reason, and the next image is scanned", arguments: Trouble.allCases)
    func trouble(_ trouble: Trouble) async throws {
        let fixture = try await ScannerFixture.start(
            trouble == .credentialsRefused ? .basic(user: "robot", secret: "secret") : .none)
        let digest = try arrange(trouble, fixture.registry)
        let start = Date()
        if trouble == .credentialsRefused { try await giveWrongCredential(fixture) }
        try await fixture.request(digest, "demo/team/app@\(digest)")
        let status = try await fixture.status(of: digest)
        if trouble == .unknownMediaType, case .notAnImage(let type) = status.state {
            // Layers of a type that no image has: it is named as what it is.
            #expect(type.contains("application/vnd.example.layer"))
            return await fixture.stop()
        }
        guard case .failed(let failure) = status.state else {
            Issue.record("\(trouble) ended as \(status.state)")
            return await fixture.stop()
        }
        #expect(failure.kind == trouble.kind, "\(failure.message)")
        #expect(!failure.message.isEmpty)
        #expect(failure.attempt == 1)
        // What is not read will not be read at another time either.
        #expect((failure.nextAttemptAt == nil) == (trouble.kind == .unsupported))
        if trouble == .rateLimited, let next = failure.nextAttemptAt { #expect(next >= start.addingTimeInterval(3600)) }
        // The next image is read, of a registry that lets us.
        let open = try await RegistrySimulator.start()
        try await fixture.put(Registry(name: try RegistryName("open"), url: open.address))
        let next = open.put(try debianImage("next"), "team/next", tag: "1")
        try await fixture.request(next, "open/team/next:1", registryVersion: 1)
        #expect(try await fixture.status(of: next).state == .done)
        await open.stop()
        await fixture.stop()
    }

    private func giveWrongCredential(_ fixture: ScannerFixture) async throws {
        let secret = fixture.folder.file("secret")
        try Data("not the secret".utf8).write(to: secret)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret.path)
        let credential = SealedCredential.reference(user: "robot", source: "file:\(secret.path)")
        let registry = Registry(
            name: try RegistryName("demo"), url: fixture.registry.address, credential: credential, version: 2)
        try await fixture.put(registry)
    }

    @Test("a registry that is down is unreachable; when it is back the next attempt scans")
    func downAndBack() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        let down = try await RegistrySimulator.start()
        let name = try RegistryName("moved")
        try await fixture.put(Registry(name: name, url: down.address))
        await down.stop()
        try await fixture.request(digest, "moved/team/app:1", registryVersion: 1)
        guard case .failed(let failure) = try await fixture.status(of: digest).state else {
            Issue.record("nobody answers")
            return await fixture.stop()
        }
        #expect(failure.kind == .unreachable && failure.nextAttemptAt != nil)
        // It comes back at another address, which its record says.
        try await fixture.put(Registry(name: name, url: fixture.registry.address, version: 2))
        try await fixture.request(digest, "moved/team/app:1", registryVersion: 2, attempt: 2)
        #expect(try await fixture.statuses(2, of: digest).last?.state == .done)
        await fixture.stop()
    }

    @Test("an inventory that the log does not take is a failure with its reason, and the next image is scanned")
    func tooLarge() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        fixture.log.refuse(Topics.inventories.name)
        try await fixture.request(digest, "demo/team/app:1")
        guard case .failed(let failure) = try await fixture.status(of: digest).state else {
            Issue.record("it is not in the log")
            return await fixture.stop()
        }
        #expect(failure.kind == .tooLarge && failure.nextAttemptAt == nil, "\(failure.message)")
        fixture.log.refuse(Topics.inventories.name, false)
        let next = fixture.registry.put(try debianImage("next"), "team/next", tag: "1")
        try await fixture.request(next, "demo/team/next:1")
        #expect(try await fixture.status(of: next).state == .done)
        #expect(try await fixture.log.end(of: Topics.deadLetters.name)[0] == -1)
        await fixture.stop()
    }

    @Test("after a failure the same request scans again, and counts its attempts")
    func retry() async throws {
        let fixture = try await ScannerFixture.start()
        let image = try debianImage()
        let digest = fixture.registry.put(image, "team/app", tag: "1")
        fixture.registry.script("GET /v2/team/app/manifests/\(digest)", .init(503))
        try await fixture.request(digest, "demo/team/app@\(digest)")
        guard case .failed = try await fixture.status(of: digest).state else {
            Issue.record("a 503 is a failure")
            return await fixture.stop()
        }
        try await fixture.request(digest, "demo/team/app@\(digest)", attempt: 2)
        try await eventually("the second attempt is done") {
            let reader = try await fixture.log.inner.read(Topics.scanStatus.name, after: [:])
            return try await reader.next()?.contains { try $0.payload(ScanStatusRecord.self).state == .done } == true
        }
        await fixture.stop()
    }

    @Test("what is no image is reported as what it is")
    func notAnImage() async throws {
        let fixture = try await ScannerFixture.start()
        let chart = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"\(ImageFixture.digest([]))","size":0},\
            "layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":"\(ImageFixture.digest([1]))","size":1}]}
            """
        let digest = fixture.registry.putManifest(
            Array(chart.utf8), type: MediaType.ociManifest.text, "charts/shop", tag: "1")
        try await fixture.request(digest, "demo/charts/shop:1")
        guard case .notAnImage(let type) = try await fixture.status(of: digest).state else {
            Issue.record("a chart is no image")
            return await fixture.stop()
        }
        #expect(type.contains("helm"))
        await fixture.stop()
    }

    @Test("entries that point out of the image are left out and named, never followed")
    func traversal() async throws {
        let fixture = try await ScannerFixture.start()
        let layer = LayerFixture([
            .file(Array("../../etc/passwd".utf8), content: Array("root".utf8), mode: 0o644),
            .file(Array("etc/os-release".utf8), content: Array("ID=debian\n".utf8), mode: 0o644),
        ])
        let digest = fixture.registry.put(try ImageFixture(layers: [layer]), "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        #expect(try await fixture.status(of: digest).state == .done)
        guard case .platform(let inventory) = try await fixture.inventory(of: digest) else {
            Issue.record("it has an inventory")
            return await fixture.stop()
        }
        #expect(inventory.undetermined.contains { $0.reason.contains("..") }, "\(inventory.undetermined)")
        await fixture.stop()
    }

    /// Puts an image with this trouble into the registry; returns its digest.
    private func arrange(_ trouble: Trouble, _ registry: RegistrySimulator) throws -> Digest {
        let good = try debianImage()
        let layer = debianLayer()
        func blob(_ image: ImageFixture, _ response: ScriptedServer.Response) -> Digest {
            let digest = registry.put(image, "team/app")
            // More answers than there are attempts.
            for _ in 0..<8 { registry.script("GET /v2/team/app/blobs/\(image.layerDescriptors[0].digest)", response) }
            return digest
        }
        func image(_ stored: [UInt8], type: MediaType? = nil) throws -> Digest {
            let broken = LayerFixture(stored: stored, diffID: layer.diffID, mediaType: type ?? layer.mediaType)
            return registry.put(try ImageFixture(layers: [broken]), "team/app")
        }
        switch trouble {
        case .manifestMissing: return good.digest
        case .blobMissing: return blob(good, .init(404))
        case .rateLimited: return blob(good, .init(429, headers: [("Retry-After", "3600")]))
        case .serverError: return blob(good, .init(503))
        case .truncatedBody: return blob(good, .init(200, body: good.layers[0], ending: .closed(afterBytes: 20)))
        case .wrongDigest:
            var bytes = good.layers[0]
            bytes[bytes.count / 2] ^= 0xff
            return blob(good, .init(200, body: bytes))
        case .wrongDiffID:
            return registry.put(try debianImage(diffIDs: [ImageFixture.digest([7])]), "team/app")
        case .unknownMediaType: return try image(layer.stored, type: "application/vnd.example.layer")
        case .unknownLayer:
            var unknown = debianLayer("zlib1g")
            unknown.mediaType = "application/vnd.example.layer"
            return registry.put(try ImageFixture(layers: [layer, unknown]), "team/app")
        case .corruptGzip:
            var bytes = layer.stored
            bytes.replaceSubrange(20..<40, with: [UInt8](repeating: 0xaa, count: 20))
            return try image(bytes)
        case .truncatedTar:
            let tar = TarFixture([
                .file(Array("var/lib/dpkg/status".utf8), content: [UInt8](repeating: 65, count: 2000), mode: 0o644)
            ])
            return registry.put(
                try ImageFixture(layers: [LayerFixture(archive: Array(tar.body.prefix(1200)))]), "team/app")
        case .emptyLayer:
            return registry.put(
                try ImageFixture(layers: [
                    LayerFixture(stored: [], diffID: ImageFixture.digest([]), mediaType: layer.mediaType)
                ]), "team/app")
        case .credentialsRefused: return registry.put(good, "team/app")
        }
    }
}
