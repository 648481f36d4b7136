import Foundation
import HTTPCurl
import HTTPPort
import Model
import RegistryClient
import Synchronization
import TestSupport
import Testing

/// The client against a real CNCF Distribution registry.
@Suite(.enabled("docker-registry is installed") { DistributionRegistry.isInstalled })
struct DistributionIntegrationTests {
    let transport = CurlTransport(.init(addresses: .privateNetworks))

    func withRegistry(
        htpasswd: (user: String, password: String)? = nil, _ body: (DistributionRegistry) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "pratique-registry-\(UUID().uuidString.prefix(8))")
        do {
            let registry = try await DistributionRegistry.start(folder: folder, htpasswd: htpasswd)
            defer { registry.stop() }
            try await body(registry)
            try FileManager.default.removeItem(at: folder)
        } catch {
            print("kept: \(folder.path)")
            throw error
        }
    }

    func client(_ registry: DistributionRegistry, _ credential: RegistryCredential = .anonymous) throws
        -> RemoteRegistry
    {
        RemoteRegistry(
            endpoint: try RegistryEndpoint(url: registry.address), credentials: { credential }, transport: transport)
    }

    @Test("what was pushed is listed, resolved and fetched, an index too")
    func roundTrip() async throws {
        try await withRegistry { registry in
            let pusher = try ImagePusher(transport, address: registry.address)
            let image = ImageFixture(layers: [Array(repeating: 1, count: 100_000), Array("two".utf8)])
            let arm = try Platform("linux/arm64")
            let other = ImageFixture(layers: [Array("arm".utf8)], platform: arm, docker: true)
            try await pusher.push(image, "team/app", tag: "1")
            try await pusher.push(other, "team/app", tag: "2")
            let index = ImageFixture.index([(image, .linuxAMD64), (other, arm)])
            try await pusher.pushManifest(index, type: .ociIndex, "team/app", tag: "all")
            let client = try client(registry)
            let name = try RepositoryName("team/app")
            try await client.ping()
            #expect(try await client.repositories().names == [name])
            #expect(try await client.tags(of: name).names.map(\.text).sorted() == ["1", "2", "all"])
            let resolved = try await client.resolve(name, .tag(TagName("1")))
            #expect(
                resolved
                    == ResolvedManifest(
                        digest: image.digest, mediaType: .ociManifest, sizeBytes: Int64(image.manifest.count)))
            let fetched = try await client.manifest(name, .tag(TagName("all")))
            guard case .index(let parsed) = fetched.parsed else {
                Issue.record("not an index")
                return
            }
            #expect(parsed.manifests.map(\.digest) == [image.digest, other.digest])
            #expect(try await client.image(name, .digest(other.digest)).mediaType == .dockerManifest)
            let received = Mutex<[UInt8]>([])
            try await client.blob(name, image.layerDescriptors[0]) { piece in
                received.withLock { $0.append(contentsOf: piece) }
            }
            #expect(received.withLock { $0 } == image.layers[0])
            try await pusher.delete("team/app", image.digest)
            let gone = await #expect(throws: RegistryError.self) { try await client.resolve(name, .tag(TagName("1"))) }
            guard case .notFound = gone else {
                Issue.record("\(String(describing: gone))")
                return
            }
        }
    }

    @Test("more than a page of tags comes whole")
    func paging() async throws {
        try await withRegistry { registry in
            let pusher = try ImagePusher(transport, address: registry.address)
            let image = ImageFixture(layers: [])
            try await pusher.push(image, "many", tag: "t100")
            for number in 101..<230 {
                try await pusher.pushManifest(image.manifest, type: image.mediaType, "many", tag: "t\(number)")
            }
            let listing = try await client(registry).tags(of: RepositoryName("many"))
            #expect(listing.names.count == 130 && listing.isComplete)
        }
    }

    @Test(
        "Basic authentication lets in who has the password",
        .enabled("htpasswd is installed") { Program.path(of: "htpasswd") != nil })
    func htpasswd() async throws {
        try await withRegistry(htpasswd: ("puller", "p4ss-word")) { registry in
            let pusher = try ImagePusher(transport, address: registry.address, credential: ("puller", "p4ss-word"))
            let image = ImageFixture(layers: [[1, 2, 3]])
            try await pusher.push(image, "team/app", tag: "1")
            let name = try RepositoryName("team/app")
            let good = try client(registry, .basic(user: "puller", secret: "p4ss-word"))
            #expect(try await good.resolve(name, .tag(TagName("1"))).digest == image.digest)
            for credential in [RegistryCredential.anonymous, .basic(user: "puller", secret: "wrong")] {
                let error = await #expect(throws: RegistryError.self) { try await client(registry, credential).ping() }
                guard case .unauthorized = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
    }
}
