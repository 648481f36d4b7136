import EventLogPort
import Events
import Foundation
import Model
import TestSupport
import Testing

/// Registries may configure other platforms of the same index.
@Suite("The platforms of an index")
struct PlatformTests {
    private let arm: Platform

    init() throws { arm = try Platform("linux/arm64") }

    private func index(
        _ fixture: ScannerFixture, _ arm: ImageFixture? = nil
    ) throws -> (digest: Digest, amd: ImageFixture, arm: ImageFixture) {
        let amd = try debianImage("openssl")
        let arm = try arm ?? ImageFixture(layers: [debianLayer("zlib1g")], platform: self.arm)
        for image in [amd, arm] { fixture.registry.put(image, "team/app") }
        let bytes = ImageFixture.index([(amd, .linuxAMD64), (arm, self.arm)])
        let digest = fixture.registry.putManifest(bytes, type: MediaType.ociIndex.text, "team/app", tag: "1")
        return (digest, amd, arm)
    }

    private func children(_ fixture: ScannerFixture, _ digest: Digest) async throws -> InventoryRecord.IndexChildren {
        let reader = try await fixture.log.inner.read(Topics.inventories.name, after: [:])
        let records = try await reader.next() ?? []
        await reader.close()
        let last = try #require(records.last { $0.key == digest.text })
        guard case .index(let children) = try last.payload(InventoryRecord.self) else {
            throw DeadlinePassed(what: "an index")
        }
        return children
    }

    @Test("a request for more platforms than were read reads them; what is known is known for fewer, too")
    func union() async throws {
        let fixture = try await ScannerFixture.start()
        let (digest, amd, arm) = try index(fixture)
        try await fixture.request(digest, "demo/team/app:1")
        #expect(try await fixture.status(of: digest).platforms == [.linuxAMD64])
        try await fixture.request(digest, "demo/team/app:1", platforms: [.linuxAMD64, self.arm])
        let second = try #require(try await fixture.statuses(2, of: digest).last)
        #expect(second.state == .done && second.platforms == [.linuxAMD64, self.arm])
        #expect(try await children(fixture, digest).children.map(\.digest) == [amd.digest, arm.digest])
        #expect(fixture.registry.count("GET /v2/team/app/blobs/\(amd.layerDescriptors[0].digest)") == 1)
        // Both are known now.
        try await fixture.request(digest, "demo/team/app:1", platforms: [.linuxAMD64])
        try await fixture.request(digest, "demo/team/app:1", platforms: [self.arm, .linuxAMD64], wantsStatus: true)
        #expect(try await fixture.statuses(3, of: digest).last == second)
        #expect(fixture.registry.count("GET /v2/team/app/manifests/\(digest)") == 2)
        await fixture.stop()
    }

    @Test("a platform that the index does not have is named, by its variant too")
    func missing() async throws {
        let fixture = try await ScannerFixture.start()
        let (digest, amd, _) = try index(fixture)
        let other = try Platform("linux/arm64/v9")
        try await fixture.request(digest, "demo/team/app:1", platforms: [.linuxAMD64, other])
        #expect(try await fixture.status(of: digest).platforms == [.linuxAMD64, other])
        let index = try await children(fixture, digest)
        #expect(index.children == [.init(platform: .linuxAMD64, digest: amd.digest)] && index.missing == [other])
        await fixture.stop()
    }

    @Test("an index with none of the platforms fails, and is read for a registry that wants another one")
    func none() async throws {
        let fixture = try await ScannerFixture.start()
        let (digest, _, arm) = try index(fixture)
        let other = try Platform("linux/s390x")
        try await fixture.request(digest, "demo/team/app:1", platforms: [other])
        guard case .failed(let failure) = try await fixture.status(of: digest).state else {
            Issue.record("nothing of it can be judged")
            return await fixture.stop()
        }
        #expect(failure.kind == .unsupported && failure.message.contains("linux/amd64, linux/arm64"))
        try await fixture.request(digest, "demo/team/app:1", platforms: [self.arm])
        #expect(try await fixture.statuses(2, of: digest).last?.platforms == [self.arm])
        let index = try await children(fixture, digest)
        #expect(index.children.map(\.digest) == [arm.digest] && index.missing.isEmpty)
        await fixture.stop()
    }

    @Test("a platform that cannot be read keeps no other from being read")
    func damaged() async throws {
        let fixture = try await ScannerFixture.start()
        let layer = debianLayer("zlib1g")
        let broken = LayerFixture(stored: layer.stored, diffID: ImageFixture.digest([7]), mediaType: layer.mediaType)
        let (digest, amd, arm) = try index(fixture, ImageFixture(layers: [broken], platform: self.arm))
        try await fixture.request(digest, "demo/team/app:1", platforms: [self.arm, .linuxAMD64])
        let status = try await fixture.status(of: digest)
        guard case .failed(let failure) = status.state else {
            Issue.record("a platform could not be read")
            return await fixture.stop()
        }
        #expect(failure.kind == .damaged && failure.message.hasPrefix("linux/arm64: "), "\(failure.message)")
        #expect(status.platforms == [.linuxAMD64, self.arm])
        #expect(try await fixture.status(of: amd.digest).state == .done)
        #expect(try await children(fixture, digest).children.map(\.digest) == [amd.digest, arm.digest])
        await fixture.stop()
    }
}
