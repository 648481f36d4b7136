import Analysers
import HTTPPort
import LayerArchive
import Model
import RegistryAccess
import RegistryClient
import RegistryImages
import Synchronization
import TestSupport
import Testing

@Suite("An image of a registry")
struct RegistryImageSourceTests {
    private static let layer = LayerFixture(
        [.file("a", String(repeating: "0123456789", count: 2000))], compression: .plain)

    private static func source(
        _ replies: [Replies.Reply], credentials: @escaping CredentialProvider = { .anonymous }
    ) throws -> RegistryImageSource {
        let registry = RemoteRegistry(
            endpoint: try RegistryEndpoint(url: "https://reg.test"), credentials: credentials,
            transport: Replies(replies), retry: RetryPolicy(firstDelay: .zero))
        return RegistryImageSource(
            name: "reg.test/a", registry: registry, repository: try RepositoryName("a"), target: .tag(.latest))
    }

    /// Reads the layer as the scanner does.
    private static func read(_ replies: [Replies.Reply]) async throws -> LayerSummary {
        let reader = try LayerReader(descriptor: layer.descriptor)
        try await source(replies).layer(layer.descriptor, into: reader)
        return try reader.finish()
    }

    /// The layer's bytes in two transfers, the second from where the first broke.
    private static func resumed(_ bytes: [UInt8], at place: Int) throws -> [Replies.Reply] {
        let url = try WebURL("https://reg.test/")
        let range = "bytes \(place)-\(bytes.count - 1)/\(bytes.count)"
        return [
            .init(body: Array(bytes[..<place]), failure: .truncated(url: url, receivedBytes: Int64(place))),
            .init(status: 206, headers: ["Content-Range": range], body: Array(bytes[place...])),
        ]
    }

    @Test("a layer is read whole, also over two transfers")
    func whole() async throws {
        let bytes = Self.layer.stored
        #expect(try await Self.read([.init(body: bytes)]).digest == Self.layer.descriptor.digest)
        #expect(try await Self.read(Self.resumed(bytes, at: 7000)).digest == Self.layer.descriptor.digest)
    }

    @Test("a layer with another digest is refused by its reader, also after a resume", arguments: [100, 9000])
    func wrongDigest(_ place: Int) async throws {
        var bytes = Self.layer.stored
        bytes[place] ^= 1
        for replies in [[.init(body: bytes)], try Self.resumed(bytes, at: 7000)] {
            let error = await #expect(throws: LayerError.self) { try await Self.read(replies) }
            guard case .digestMismatch = error?.cause else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("a layer of another size is refused")
    func wrongSize() async throws {
        let error = await #expect(throws: ScanError.self) {
            try await Self.read([.init(body: Array(Self.layer.stored.dropLast()))])
        }
        #expect(error?.kind == .corrupt)
    }

    @Test("a credential that cannot be had is unauthorized, and what a later try may end says so")
    func credentials() async throws {
        let errors: [RegistryAccessError] = [
            .noKeys, .unknownKey(registry: "r", keyID: "k"), .cannotOpen(registry: "r"),
            .badReference(registry: "r", source: "file:/x", reason: "is not there"),
        ]
        for expected in errors {
            let source = try Self.source([]) { throw expected }
            let error = await #expect(throws: ScanError.self) { _ = try await source.root() }
            #expect(error?.kind == .unauthorized)
            #expect(error?.message == expected.description)
            #expect(error?.isTransient == expected.isTransient)
        }
    }

    @Test("429 is rate limited, with the wait that was asked for; 503 and silence are unreachable")
    func limited() async throws {
        let limited = try Self.source([.init(status: 429, headers: ["Retry-After": "3600"])])
        let error = await #expect(throws: ScanError.self) { _ = try await limited.root() }
        #expect(error?.kind == .rateLimited)
        #expect(error?.isTransient == true)
        #expect(error?.retryAfter == .seconds(3600))
        let down = try Self.source([.init(status: 503)])
        let other = await #expect(throws: ScanError.self) { _ = try await down.root() }
        #expect(other?.kind == .unreachable)
    }
}

/// Gives replies in order, the last one for ever.
final class Replies: HTTPTransport {
    struct Reply: Sendable {
        var status = 200
        var headers: HeaderList = []
        var body: [UInt8] = []
        /// Thrown after the body.
        var failure: HTTPTransportError?
    }

    private let replies: [Reply]
    private let sent = Mutex(0)

    init(_ replies: [Reply]) { self.replies = replies }

    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        let number = sent.withLock { number in
            defer { number += 1 }
            return number
        }
        let reply = replies[min(number, replies.count - 1)]
        let head = ResponseHead(status: reply.status, headers: reply.headers, url: request.url)
        try sink.receive(head: head)
        if !reply.body.isEmpty { try reply.body.withUnsafeBytes { try sink.receive($0) } }
        if let failure = reply.failure { throw failure }
        return head
    }
}
