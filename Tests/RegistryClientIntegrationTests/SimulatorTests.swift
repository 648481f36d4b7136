import HTTPCurl
import HTTPPort
import Model
import RegistryClient
import Synchronization
import TestSupport
import Testing

/// The client over real HTTP against the simulated registry.
@Suite struct SimulatorIntegrationTests {
    let transport = CurlTransport(.init(addresses: .privateNetworks))
    let image = ImageFixture(layers: [Array(repeating: 7, count: 300_000)])

    func registry(
        _ simulator: RegistrySimulator, _ credential: RegistryCredential = .anonymous,
        limits: RegistryLimits = RegistryLimits()
    ) throws -> RemoteRegistry {
        RemoteRegistry(
            endpoint: try RegistryEndpoint(url: simulator.address), credentials: { credential }, transport: transport,
            limits: limits, retry: RetryPolicy(firstDelay: .milliseconds(1)))
    }

    static let modes: [(RegistrySimulator.Authentication, RegistryCredential)] = [
        (.none, .anonymous), (.basic(user: "u", secret: "s3cret"), .basic(user: "u", secret: "s3cret")),
        (.bearer(), .anonymous),
        (.bearer(user: "u", secret: "s3cret"), .basic(user: "u", secret: "s3cret")),
        (.bearer(identityToken: "refresh"), .identityToken("refresh")), (.bearer(), .identityToken("no post here")),
    ]

    @Test("an image is listed, resolved and fetched in every mode of authentication", arguments: modes.indices)
    func wholeWay(mode: Int) async throws {
        let simulator = try await RegistrySimulator.start(Self.modes[mode].0)
        simulator.put(image, "team/app", tag: "1")
        let registry = try registry(simulator, Self.modes[mode].1)
        let name = try RepositoryName("team/app")
        try await registry.ping()
        #expect(try await registry.repositories().names == [name])
        let tag = try #require(try await registry.tags(of: name).names.first)
        #expect(try await registry.resolve(name, .tag(tag)).digest == image.digest)
        let fetched = try await registry.image(name, .tag(tag))
        #expect(fetched.bytes == image.manifest)
        #expect(try await registry.configuration(name, image.configurationDescriptor) == image.configuration)
        let bytes = Mutex<[UInt8]>([])
        try await registry.blob(name, image.layerDescriptors[0]) { piece in
            bytes.withLock { $0.append(contentsOf: piece) }
        }
        #expect(bytes.withLock { $0 } == image.layers[0])
    }

    @Test("wrong credentials are unauthorized in every mode", arguments: [1, 3, 4])
    func wrongCredentials(mode: Int) async throws {
        let simulator = try await RegistrySimulator.start(Self.modes[mode].0)
        let wrong: RegistryCredential = mode == 4 ? .identityToken("wrong") : .basic(user: "u", secret: "wrong")
        let error = await #expect(throws: RegistryError.self) { try await registry(simulator, wrong).ping() }
        guard case .unauthorized = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("wrong") == false)
    }

    @Test(
        "all pages come, with Link and without, also from a registry with a small limit", arguments: [true, false],
        [1000, 30])
    func paging(sendsLink: Bool, pageSizeMax: Int) async throws {
        var quirks = RegistrySimulator.Quirks()
        quirks.sendsLink = sendsLink
        quirks.pageSizeMax = pageSizeMax
        let simulator = try await RegistrySimulator.start(quirks: quirks)
        for number in 0..<250 { simulator.putTag("t\(1000 + number)", "team/app") }
        let listing = try await registry(simulator).tags(of: RepositoryName("team/app"))
        #expect(listing.names.count == 250 && listing.isComplete)
    }

    @Test("a registry that ignores last ends, incomplete")
    func ignoredLast() async throws {
        var quirks = RegistrySimulator.Quirks()
        quirks.sendsLink = false
        quirks.ignoresLast = true
        let simulator = try await RegistrySimulator.start(quirks: quirks)
        for number in 0..<250 { simulator.putTag("t\(1000 + number)", "team/app") }
        let listing = try await registry(simulator).tags(of: RepositoryName("team/app"))
        #expect(listing.names.count == 100 && !listing.isComplete)
    }

    @Test("429 with Retry-After, a 503 and a broken transfer are overcome")
    func faults() async throws {
        let simulator = try await RegistrySimulator.start()
        simulator.put(image, "a", tag: "1")
        let layer = image.layerDescriptors[0]
        simulator.script("GET /v2/a/manifests/1", .init(429, headers: [("Retry-After", "0")]), .init(503))
        simulator.script(
            "GET /v2/a/blobs/\(layer.digest)", .init(200, body: image.layers[0], ending: .closed(afterBytes: 70_000)))
        let registry = try registry(simulator)
        #expect(try await registry.manifest(RepositoryName("a"), .tag(TagName("1"))).digest == image.digest)
        #expect(simulator.count("GET /v2/a/manifests/1") == 3)
        let count = Mutex(0)
        try await registry.blob(RepositoryName("a"), layer) { piece in count.withLock { $0 += piece.count } }
        #expect(count.withLock { $0 } == 300_000)
        #expect(simulator.requests.last?.header("Range") == "bytes=70000-")
    }

    @Test("a blob that is redirected to storage comes without the credential")
    func storage() async throws {
        let bytes = image.layers[0]
        let storage = try await ScriptedServer.start { _ in .init(200, body: bytes) }
        let simulator = try await RegistrySimulator.start(.basic(user: "u", secret: "s3cret"))
        let layer = image.layerDescriptors[0]
        let registry = try registry(simulator, .basic(user: "u", secret: "s3cret"))
        try await registry.ping()
        simulator.script(
            "GET /v2/a/blobs/\(layer.digest)",
            .init(307, headers: [("Location", storage.address + "/x?X-Amz-Signature=1")]))
        try await registry.blob(RepositoryName("a"), layer) { _ in }
        #expect(storage.requests.map { $0.header("Authorization") } == [nil])
    }

    @Test("revoked tokens are replaced without the caller noticing")
    func revoked() async throws {
        let simulator = try await RegistrySimulator.start(.bearer())
        simulator.put(image, "a", tag: "1")
        let registry = try registry(simulator)
        _ = try await registry.resolve(RepositoryName("a"), .tag(TagName("1")))
        simulator.revokeTokens()
        _ = try await registry.resolve(RepositoryName("a"), .tag(TagName("1")))
        #expect(simulator.tokensIssued == 2)
    }

    @Test("a wrong blob, a missing one and a wrong manifest are errors of their own")
    func damaged() async throws {
        let simulator = try await RegistrySimulator.start()
        simulator.put(image, "a", tag: "1")
        let layer = image.layerDescriptors[0]
        let registry = try registry(simulator)
        simulator.script("GET /v2/a/blobs/\(layer.digest)", .init(200, body: Array(repeating: 8, count: 300_000)))
        await #expect(throws: RegistryError.self) { try await registry.blob(RepositoryName("a"), layer) { _ in } }
        let gone = ImageFixture.describe([1, 2, 3], "x")
        let error = await #expect(throws: RegistryError.self) {
            try await registry.blob(RepositoryName("a"), gone) { _ in }
        }
        guard case .notFound = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
