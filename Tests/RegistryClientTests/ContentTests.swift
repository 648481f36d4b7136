import HTTPPort
import Model
import RegistryClient
import Synchronization
import TestSupport
import Testing

@Suite struct ContentTests {
    typealias Reply = ScriptedTransport.Reply
    let image = ImageFixture(layers: [Array("layer one".utf8)])

    func registry(_ transport: any HTTPTransport, retry: RetryPolicy = .never, clock: SkippingClock = SkippingClock())
        throws -> RemoteRegistry
    {
        RemoteRegistry(
            endpoint: try RegistryEndpoint(url: "https://reg.test"), transport: transport, clock: clock, retry: retry,
            unixNow: { 0 })
    }

    func fetch(_ body: [UInt8], _ headers: HeaderList, _ target: ReferenceTarget = .tag(.latest)) async throws
        -> FetchedManifest
    {
        try await registry(ScriptedTransport(Reply(headers: headers, body: body))).manifest(RepositoryName("a"), target)
    }

    @Test("a manifest is identified by its bytes")
    func manifest() async throws {
        let byTag = try await fetch(
            image.manifest,
            ["Content-Type": "\(image.mediaType); charset=utf-8", "Docker-Content-Digest": image.digest.text])
        #expect(byTag.digest == image.digest && byTag.bytes == image.manifest)
        guard case .manifest(let manifest) = byTag.parsed else {
            Issue.record("not a manifest")
            return
        }
        #expect(manifest.layers == image.layerDescriptors)
        let byDigest = try await fetch(image.manifest, [:], .digest(image.digest))
        #expect(byDigest.digest == image.digest && byDigest.mediaType == .ociManifest)
    }

    @Test("a sha512 digest is checked in sha512")
    func sha512() async throws {
        let right = try Digest(
            "sha512:" + String(repeating: "a", count: 128)
        )
        let error = await #expect(throws: RegistryError.self) { try await fetch(image.manifest, [:], .digest(right)) }
        guard case .digestMismatch(_, let expected, let actual) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(expected == right && actual.algorithm == .sha512)
    }

    @Test("a manifest that is not what was asked for is an error")
    func wrongDigest() async throws {
        let other = ImageFixture.digest([1])
        for (headers, target) in [
            (HeaderList([]), ReferenceTarget.digest(other)), (["Docker-Content-Digest": other.text], .tag(.latest)),
        ] {
            let error = await #expect(throws: RegistryError.self) { try await fetch(image.manifest, headers, target) }
            #expect(error?.kind == "digestMismatch")
        }
    }

    static func layer(_ digest: String, _ size: Int) -> String {
        #"{"mediaType":"x","digest":"\#(digest)","size":\#(size)}"#
    }
    static let digest = "sha256:" + String(repeating: "a", count: 64)
    static let configuration =
        #""config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2}"#

    @Test(
        "documents with two meanings, or none, are refused",
        arguments: [
            (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "application/vnd.oci.image.index.v1+json"),
            (#"{"schemaVersion":2,"manifests":[],\#(configuration)}"#, "application/vnd.oci.image.manifest.v1+json"),
            (#"{"schemaVersion":2,"manifests":null,"layers":null}"#, "application/vnd.oci.image.index.v1+json"),
            (
                #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
                "application/vnd.oci.image.manifest.v1+json"
            ),
            (#"{"schemaVersion":3,"manifests":[]}"#, "application/vnd.oci.image.index.v1+json"),
            (#"{"schemaVersion":2}"#, "application/json"), ("[]", "application/json"),
            ("not json", "application/vnd.oci.image.manifest.v1+json"),
            (#"{"schemaVersion":2,\#(configuration),"layers":[\#(layer("sha256:../../etc", 1))]}"#, "application/json"),
            (#"{"schemaVersion":2,\#(configuration),"layers":[\#(layer(digest, -1))]}"#, "application/json"),
        ])
    func ambiguous(body: String, type: String) async throws {
        let error = await #expect(throws: RegistryError.self) {
            try await fetch(Array(body.utf8), ["Content-Type": type])
        }
        #expect(error?.kind == "badAnswer")
    }

    @Test("what is no image is recognised")
    func artifacts() async throws {
        let helm = Self.configuration.replacing(
            "application/vnd.oci.image.config.v1+json", with: "application/vnd.cncf.helm.config.v1+json")
        let chart = Array(#"{"schemaVersion":2,\#(helm),"layers":[]}"#.utf8)
        guard
            case .artifact(_, type: "application/vnd.cncf.helm.config.v1+json") = try await fetch(
                chart, ["Content-Type": MediaType.ociManifest.text]
            ).parsed
        else {
            Issue.record("not recognised")
            return
        }
        let registry = try registry(
            ScriptedTransport(Reply(headers: ["Content-Type": MediaType.ociManifest.text], body: chart)))
        let error = await #expect(throws: RegistryError.self) {
            try await registry.image(RepositoryName("a"), .tag(.latest))
        }
        #expect(error?.kind == "notAnImage")
        let old = try await fetch(
            Array(#"{"schemaVersion":1,"name":"x"}"#.utf8), ["Content-Type": MediaType.dockerSchema1Signed.text])
        #expect(old.parsed == .schema1)
        let unknown = await #expect(throws: RegistryError.self) {
            try await fetch(Array("{}".utf8), ["Content-Type": "application/x-other"])
        }
        #expect(unknown?.kind == "unsupportedMediaType")
    }

    @Test("a HEAD resolves a tag; without a usable one a GET does")
    func resolve() async throws {
        let head = ScriptedTransport(
            Reply(headers: [
                "Docker-Content-Digest": image.digest.text, "Content-Type": image.mediaType.text, "Content-Length": "7",
            ]))
        let resolved = try await registry(head).resolve(RepositoryName("a"), .tag(.latest))
        #expect(
            resolved == ResolvedManifest(digest: image.digest, mediaType: .ociManifest, sizeBytes: 7)
                && head.lines.count == 1)
        for reply in [
            Reply(), Reply(status: 405), Reply(status: 404), Reply(headers: ["Docker-Content-Digest": "sha256:short"]),
        ] {
            let body = image.manifest
            let transport = ScriptedTransport { request, _ in request.method == .head ? reply : Reply(body: body) }
            let resolved = try await registry(transport).resolve(RepositoryName("a"), .tag(.latest))
            #expect(resolved.digest == image.digest)
        }
    }

    @Test("gone is said only after a GET said so too")
    func gone() async throws {
        let transport = ScriptedTransport(.text(404))
        let error = await #expect(throws: RegistryError.self) {
            try await registry(transport).resolve(RepositoryName("a"), .tag(.latest))
        }
        #expect(error?.kind == "notFound")
        #expect(transport.requests.map(\.method) == [.head, .get])
    }

    // MARK: Blobs

    func blob(_ transport: any HTTPTransport, _ descriptor: Descriptor, retry: RetryPolicy = .never) async throws
        -> [UInt8]
    {
        let bytes = Mutex<[UInt8]>([])
        try await registry(transport, retry: retry).blob(RepositoryName("a"), descriptor) { piece in
            bytes.withLock { $0.append(contentsOf: piece) }
        }
        return bytes.withLock { $0 }
    }

    @Test("a blob is streamed and checked")
    func blob() async throws {
        let body = Array("0123456789".utf8)
        let descriptor = ImageFixture.describe(body, "x")
        #expect(try await blob(ScriptedTransport(Reply(body: body)), descriptor) == body)
        let wrong = await #expect(throws: RegistryError.self) {
            try await blob(ScriptedTransport(Reply(body: body.reversed())), descriptor)
        }
        #expect(wrong?.kind == "digestMismatch")
        for other in [body + [0], Array(body.dropLast())] {
            for headers in [HeaderList([]), ["Content-Length": "\(other.count)"]] {
                let error = await #expect(throws: RegistryError.self) {
                    try await blob(ScriptedTransport(Reply(headers: headers, body: other)), descriptor)
                }
                #expect(error?.kind == "sizeMismatch")
            }
        }
    }

    @Test("a broken transfer is taken up where it broke, and each byte comes once")
    func resume() async throws {
        let body = Array("0123456789".utf8)
        let url = try WebURL("https://reg.test/")
        let broken = Reply(body: Array(body[..<4]), failure: .truncated(url: url, receivedBytes: 4))
        let descriptor = ImageFixture.describe(body, "x")
        let partial = ScriptedTransport(
            broken, Reply(status: 206, headers: ["Content-Range": "bytes 4-9/10"], body: Array(body[4...])))
        #expect(try await blob(partial, descriptor, retry: RetryPolicy()) == body)
        #expect(partial.requests[1].headers["Range"] == "bytes=4-")
        let over = ScriptedTransport(broken, Reply(body: body))
        #expect(try await blob(over, descriptor, retry: RetryPolicy()) == body)
        let other = ScriptedTransport(
            broken, Reply(status: 206, headers: ["Content-Range": "bytes 3-9/10"], body: Array(body[3...])))
        await #expect(throws: RegistryError.self) { try await blob(other, descriptor, retry: RetryPolicy()) }
    }

    @Test("a transfer that fails after its last byte is not taken up again, and is checked")
    func completeBeforeFailure() async throws {
        let body = Array("0123456789".utf8)
        let url = try WebURL("https://reg.test/")
        let failure = HTTPTransportError.truncated(url: url, receivedBytes: 10)
        let descriptor = ImageFixture.describe(body, "x")
        let transport = ScriptedTransport(Reply(body: body, failure: failure), .text(416))
        #expect(try await blob(transport, descriptor, retry: RetryPolicy()) == body)
        #expect(transport.requests.count == 1)
        let wrong = ScriptedTransport(Reply(body: body.reversed(), failure: failure), .text(416))
        let error = await #expect(throws: RegistryError.self) {
            try await blob(wrong, descriptor, retry: RetryPolicy())
        }
        #expect(error?.kind == "digestMismatch")
    }

    @Test("a transfer that breaks each time ends truncated after the named tries")
    func truncated() async throws {
        let url = try WebURL("https://reg.test/")
        let transport = ScriptedTransport(Reply(body: [], failure: .truncated(url: url, receivedBytes: 0)))
        let error = await #expect(throws: RegistryError.self) {
            try await blob(transport, ImageFixture.describe([1], "x"), retry: RetryPolicy(attemptsMax: 3))
        }
        #expect(error?.kind == "truncated")
        #expect(transport.requests.count == 3)
    }

    @Test("the sink's own error comes back unchanged")
    func sinkError() async throws {
        struct Full: Error {}
        let transport = ScriptedTransport(Reply(body: [1, 2]))
        await #expect(throws: Full.self) {
            try await registry(transport, retry: RetryPolicy()).blob(
                RepositoryName("a"), ImageFixture.describe([1, 2], "x")
            ) { _ in throw Full() }
        }
        #expect(transport.requests.count == 1)
    }

    @Test("a configuration over the limit is not fetched")
    func largeConfiguration() async throws {
        let transport = ScriptedTransport(Reply())
        let size = Int64(ImageConfiguration.bytesMax) + 1
        let descriptor = Descriptor(mediaType: .ociConfiguration, digest: image.digest, size: size)
        let error = await #expect(throws: RegistryError.self) {
            try await registry(transport).configuration(RepositoryName("a"), descriptor)
        }
        #expect(error?.kind == "tooLarge")
        #expect(transport.requests.isEmpty)
    }

    // MARK: Retries

    @Test(
        "transient answers are tried again, others are not",
        arguments: [
            (408, true), (429, true), (500, true), (502, true), (503, true), (504, true), (522, true), (400, false),
            (403, false), (404, false), (405, false),
        ])
    func retries(status: Int, isRetried: Bool) async throws {
        let clock = SkippingClock()
        let transport = ScriptedTransport(.text(status))
        let error = await #expect(throws: RegistryError.self) {
            try await registry(transport, retry: RetryPolicy(attemptsMax: 3), clock: clock).ping()
        }
        #expect(error?.isTransient == isRetried)
        #expect(transport.requests.count == (isRetried ? 3 : 1) && clock.sleeps.count == (isRetried ? 2 : 0))
    }

    @Test("Retry-After is waited for, and one over the cap goes to the caller")
    func retryAfter() async throws {
        let clock = SkippingClock()
        let transport = ScriptedTransport(
            .text(429, "", ["Retry-After": "7"]), .text(503, "", ["Retry-After": "Thu, 01 Jan 1970 00:00:09 GMT"]),
            .text(200))
        try await registry(transport, retry: RetryPolicy(), clock: clock).ping()
        #expect(clock.sleeps == [.seconds(7), .seconds(9)])
        let long = ScriptedTransport(.text(429, "", ["Retry-After": "3600"]))
        let error = await #expect(throws: RegistryError.self) { try await registry(long, retry: RetryPolicy()).ping() }
        #expect(error?.retryAfter == .seconds(3600) && long.requests.count == 1)
    }

    // MARK: Parts

    @Test("a part of a blob is asked for, and only a part is taken")
    func part() async throws {
        let blob = ImageFixture.describe(Array("0123456789".utf8), "application/octet-stream")
        func ask(_ reply: Reply, _ range: Range<Int64> = 2..<5) async throws -> [UInt8]? {
            let transport = ScriptedTransport(reply)
            let bytes = try await registry(transport).part(of: blob, range, in: RepositoryName("a"))
            #expect(transport.requests.first?.headers["range"] == "bytes=2-4")
            return bytes
        }
        let range: HeaderList = ["Content-Range": "bytes 2-4/10"]
        #expect(try await ask(Reply(status: 206, headers: range, body: Array("234".utf8))) == Array("234".utf8))
        #expect(try await ask(Reply(status: 200, body: Array("0123456789".utf8))) == nil)
        #expect(try await ask(Reply(status: 206, headers: ["Content-Range": "bytes 0-2/10"], body: [1, 2, 3])) == nil)
        #expect(try await ask(Reply(status: 206, headers: range, body: [1, 2, 3, 4])) == nil)
        await #expect(throws: RegistryError.self) { try await ask(Reply(status: 206, headers: range, body: [1])) }
        for range in [Int64(5)..<5, 5..<11, -1..<2] {
            await #expect(throws: RegistryError.self) {
                try await registry(ScriptedTransport(.text(200))).part(of: blob, range, in: RepositoryName("a"))
            }
        }
    }

    // MARK: Referrers

    private func list(_ digests: [Digest]) throws -> [UInt8] {
        let manifests = digests.map { Descriptor(mediaType: .ociManifest, digest: $0, size: 1) }
        return Array(try JSONFormat.encode(ImageIndex(mediaType: .ociIndex, manifests: manifests)))
    }

    @Test("what refers to a manifest is listed, page by page, but from no other host")
    func referrers() async throws {
        let (one, two) = (ImageFixture.digest([1]), ImageFixture.digest([2]))
        func headers(_ next: String) -> HeaderList {
            ["Content-Type": MediaType.ociIndex.text, "Link": "<\(next)>; rel=\"next\""]
        }
        let more = headers("/v2/a/referrers/\(image.digest)?next=2")
        let away = headers("https://other.test/v2/a/referrers/x")
        let transport = ScriptedTransport(
            Reply(headers: more, body: try list([one])), Reply(headers: away, body: try list([two])))
        let found = try await registry(transport).referrers(of: image.digest, in: RepositoryName("a"))
        #expect(found.map(\.digest) == [one, two])
        #expect(
            transport.lines == [
                "GET https://reg.test/v2/a/referrers/\(image.digest)",
                "GET https://reg.test/v2/a/referrers/\(image.digest)?next=2",
            ])
    }

    @Test("a registry without that question is asked for the tag", arguments: [true, false], [404, 500])
    func referrersTag(_ isThere: Bool, _ status: Int) async throws {
        let one = ImageFixture.digest([1])
        let body = try list([one])
        let transport = ScriptedTransport { request, _ in
            request.url.description.contains("/manifests/") && isThere
                ? Reply(headers: ["Content-Type": MediaType.ociIndex.text], body: body)
                : .text(request.url.description.contains("/manifests/") ? 404 : status, "404 page not found")
        }
        let found = try await registry(transport).referrers(of: image.digest, in: RepositoryName("a"))
        #expect(found.map(\.digest) == (isThere ? [one] : []))
        #expect(transport.lines.last == "GET https://reg.test/v2/a/manifests/sha256-\(image.digest.hex)")
    }

    @Test("a list that is no index, and a refusal, are errors", arguments: [200, 403, 500, 503])
    func referrersRefused(_ status: Int) async throws {
        let transport = ScriptedTransport(.text(status, "{}"))
        await #expect(throws: RegistryError.self) {
            try await registry(transport).referrers(of: image.digest, in: RepositoryName("a"))
        }
    }
}
