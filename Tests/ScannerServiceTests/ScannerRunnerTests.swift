import EventLogPort
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
        #expect(try await fixture.status(of: amd.digest).platforms == nil)
        #expect(try await fixture.status(of: digest).platforms == [.linuxAMD64])
        await fixture.stop()
    }

    @Test("what is known is said again to a catalogue that does not know it, and only to that one")
    func confirms() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        let first = try await fixture.status(of: digest)
        try await fixture.request(digest, "demo/team/app:1")
        try await fixture.request(digest, "demo/team/app:1", wantsStatus: true)
        #expect(try await fixture.statuses(2, of: digest) == [first, first])
        #expect(fixture.registry.count("GET /v2/team/app/manifests/\(digest)") == 1)
        await fixture.stop()
    }

    @Test("what the catalogue has dropped is not said again, though the view is behind: it is scanned")
    func dropped() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        _ = try await fixture.status(of: digest)
        let topic = Topics.scanStatus.name
        let asked = fixture.log.endsAsked(of: topic)
        fixture.log.hold(topic)
        let context = EventContext(id: "drop", source: "test", time: Date(timeIntervalSince1970: 0))
        _ = try await fixture.log.append([.tombstone(Topics.scanStatus, key: digest.text, context)])
        try await fixture.request(digest, "demo/team/app:1", wantsStatus: true)
        try await eventually("the scanner looks how far the log is") { fixture.log.endsAsked(of: topic) > asked }
        fixture.log.release(topic)
        try await eventually("it is scanned again") {
            fixture.registry.count("GET /v2/team/app/manifests/\(digest)") == 2
        }
        await fixture.stop()
    }

    @Test("the registry is used as it was when the catalogue asked, though the view is behind")
    func registryVersion() async throws {
        let fixture = try await ScannerFixture.start(.basic(user: "robot", secret: "secret"))
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        let other = fixture.registry.put(try debianImage("zlib1g"), "team/app", tag: "2")
        try await fixture.request(other, "demo/team/app@\(other)")
        _ = try await fixture.status(of: other)
        let topic = Topics.registries.name
        let asked = fixture.log.endsAsked(of: topic)
        fixture.log.hold(topic)
        let secret = fixture.folder.file("secret")
        try Data("secret".utf8).write(to: secret)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret.path)
        try await fixture.put(
            Registry(
                name: try RegistryName("demo"), url: fixture.registry.address,
                credential: .reference(user: "robot", source: "file:\(secret.path)"), version: 2))
        try await fixture.request(digest, "demo/team/app@\(digest)", registryVersion: 2)
        try await eventually("the scanner looks how far the log is") { fixture.log.endsAsked(of: topic) > asked }
        fixture.log.release(topic)
        #expect(try await fixture.statuses(1, of: digest).map(\.state) == [.done])
        await fixture.stop()
    }

    @Test("a registry that is not configured fails the scan, and leaves what is done")
    func missingRegistry() async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(digest, "demo/team/app:1")
        _ = try await fixture.status(of: digest)
        let other = ImageFixture.digest([9])
        for unknown in [digest, other] { try await fixture.request(unknown, "other/team/app:1") }
        guard case .failed(let failure) = try await fixture.status(of: other).state else {
            Issue.record("without a registry it cannot be read")
            return await fixture.stop()
        }
        #expect(failure.kind == .notFound && failure.message.contains("other"))
        #expect(try await fixture.statuses(2, of: digest).map(\.state) == [.done, .done])
        await fixture.stop()
    }

    @Test("a name that cannot be asked for is said, also where the digest is known", arguments: [false, true])
    func unresolved(isKnown: Bool) async throws {
        let fixture = try await ScannerFixture.start()
        let digest = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        if isKnown {
            try await fixture.request(digest, "demo/team/app:1")
            _ = try await fixture.status(of: digest)
        }
        fixture.registry.script("HEAD /v2/team/app/manifests/1", .init(503))
        try await fixture.request(digest, "demo/team/app:1")
        let change = try await fixture.change("the name could not be asked") {
            if case .unresolved = $0 { true } else { false }
        }
        guard case .unresolved(let unresolved) = change else { return await fixture.stop() }
        #expect(unresolved.failure.kind == .unreachable && unresolved.failure.nextAttemptAt != nil)
        #expect(unresolved.name.text == "demo/team/app:1" && unresolved.source == .scan)
        #expect(try await fixture.statuses(1, of: digest).map(\.state) == [.done])
        await fixture.stop()
    }

    @Test("when an image was made is in its status, unless it cannot be")
    func created() async throws {
        let fixture = try await ScannerFixture.start()
        let dates = [
            "2024-05-06T07:08:09.123456789Z": "2024-05-06T07:08:09.123Z",
            "2024-05-06T07:08:09+02:00": "2024-05-06T05:08:09.000Z",
            "1970-01-01T00:00:00Z": nil, "1980-01-01T00:00:01Z": nil, "2999-01-01T00:00:00Z": nil, "yesterday": nil,
        ]
        for (number, (text, date)) in dates.enumerated() {
            let image = try debianImage(created: text)
            let digest = fixture.registry.put(image, "team/app", tag: "\(number)")
            try await fixture.request(digest, "demo/team/app:\(number)")
            #expect(try await fixture.status(of: digest).createdAt?.rfc3339 == date, "\(text)")
        }
        await fixture.stop()
    }
}
