import Events
import Foundation
import Model
import TestSupport
import Testing

@Suite("The scanner turns requests into inventories")
struct ScannerServiceTests {
    @Test("a request becomes an inventory and a status")
    func scans() async throws {
        let fixture = try await ScannerFixture.start()
        let image = try debianImage()
        let digest = fixture.registry.put(image, "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        #expect(try await fixture.status(of: digest).state == .done)
        guard case .platform(let inventory) = try await fixture.inventory(of: digest) else {
            Issue.record("an image without an index has one inventory")
            return await fixture.stop()
        }
        #expect(inventory.packages.map(\.name) == ["openssl"])
        #expect(inventory.undetermined.isEmpty)
        await fixture.stop()
    }

    @Test("200 equal requests cause one manifest pull and one GET per layer")
    func equalRequests() async throws {
        let fixture = try await ScannerFixture.start()
        let image = try debianImage()
        let digest = fixture.registry.put(image, "team/app", tag: "1")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { try await fixture.request(digest, "demo/team/app:1") } }
            try await group.waitForAll()
        }
        _ = try await fixture.status(of: digest)
        // A request that comes after all of them is handled after them.
        let other = fixture.registry.put(try debianImage("zlib1g"), "team/app", tag: "2")
        try await fixture.request(other, "demo/team/app:2")
        _ = try await fixture.status(of: other)
        #expect(fixture.registry.count("GET /v2/team/app/manifests/\(digest)") == 1)
        #expect(fixture.registry.count("GET /v2/team/app/blobs/\(image.layerDescriptors[0].digest)") == 1)
        await fixture.stop()
    }

    @Test("a layer that two images share is fetched once")
    func sharedLayer() async throws {
        let fixture = try await ScannerFixture.start()
        let base = debianLayer()
        let top = { (text: String) in LayerFixture([.file(Array("app".utf8), content: Array(text.utf8), mode: 0o755)]) }
        let images = try ["one", "two"].map { try ImageFixture(layers: [base, top($0)]) }
        for (index, image) in images.enumerated() {
            let digest = fixture.registry.put(image, "team/app", tag: "\(index)")
            try await fixture.request(digest, "demo/team/app:\(index)")
        }
        for image in images { _ = try await fixture.status(of: image.digest) }
        #expect(fixture.registry.count("GET /v2/team/app/blobs/\(base.descriptor.digest)") == 1)
        await fixture.stop()
    }

    @Test("a tag that moved is reported as a change, and the digest that was asked for is scanned all the same")
    func movedTag() async throws {
        let fixture = try await ScannerFixture.start()
        let old = fixture.registry.put(try debianImage("openssl"), "team/app", tag: "1")
        let new = fixture.registry.put(try debianImage("zlib1g"), "team/app", tag: "1")
        try await fixture.request(old, "demo/team/app:1")
        let change = try await fixture.change("the new digest is observed") {
            if case .observed(let observation) = $0 { observation.digest == new } else { false }
        }
        #expect(change.key == "demo/team/app:1")
        #expect(try await fixture.status(of: old).state == .done)
        await fixture.stop()
    }

    @Test("a tag that is gone is reported as gone")
    func goneTag() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        fixture.registry.delete("team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        _ = try await fixture.change("the tag is gone") { if case .gone = $0 { true } else { false } }
        #expect(try await fixture.status(of: digest).state == .done)
        await fixture.stop()
    }

    @Test("an index is expanded into the registry's platforms, its list first")
    func index() async throws {
        let fixture = try await ScannerFixture.start()
        let amd = try debianImage("openssl")
        let arm = try ImageFixture(
            layers: [debianLayer("zlib1g")], platform: Platform("linux/arm64"))
        for image in [amd, arm] { fixture.registry.put(image, "team/app") }
        let bytes = ImageFixture.index([(amd, .linuxAMD64), (arm, try Platform("linux/arm64"))])
        let digest = fixture.registry.putManifest(bytes, type: MediaType.ociIndex.text, "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        #expect(try await fixture.status(of: digest).state == .done)
        guard case .index(let children) = try await fixture.inventory(of: digest) else {
            Issue.record("an index has a list of children")
            return await fixture.stop()
        }
        #expect(children.children.map(\.digest) == [amd.digest])
        #expect(children.missing.isEmpty)
        #expect(try await fixture.status(of: amd.digest).state == .done)
        await fixture.stop()
    }
}
