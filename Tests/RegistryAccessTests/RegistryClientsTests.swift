import Events
import Foundation
import HTTPPort
import Model
import RegistryAccess
import RegistryClient
import Synchronization
import Testing

/// Keeps the requests; answers 401 to those without a credential.
private final class RecordingTransport: HTTPTransport {
    let requests = Mutex<[OutboundRequest]>([])

    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        requests.withLock { $0.append(request) }
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let isKnown = request.credential != nil
        let head = ResponseHead(
            status: isKnown ? 200 : 401,
            headers: isKnown
                ? ["Docker-Content-Digest": digest, "Content-Type": "application/vnd.oci.image.manifest.v1+json"]
                : ["WWW-Authenticate": "Basic realm=\"test\""],
            url: request.url)
        try sink.receive(head: head)
        return head
    }
}

@Suite("Clients of configured registries")
struct RegistryClientsTests {
    @Test("one client is kept per registry until the record changes")
    func kept() throws {
        let clients = RegistryClients(transport: RecordingTransport(), sealer: nil, now: { Date() })
        var registry = Registry(name: try RegistryName("example"), url: "https://registry.example.com")
        let first = try clients.client(for: registry)
        #expect(try clients.client(for: registry) === first)
        registry.version = 2
        #expect(try clients.client(for: registry) !== first)
    }

    @Test("the sealed credential is opened for the registry's origin")
    func credential() async throws {
        let transport = RecordingTransport()
        let sealer = CredentialSealer(keys: .fresh())
        var registry = Registry(name: try RegistryName("example"), url: "https://registry.example.com")
        registry.credential = try sealer.seal(user: "robot", secret: RegistrySecret("hunter2"), for: registry)
        let client = try RegistryClients(transport: transport, sealer: sealer, now: { Date() }).client(for: registry)
        let resolved = try await client.resolve(try RepositoryName("team/app"), .tag(.latest))
        #expect(resolved.digest.hex == String(repeating: "a", count: 64))
        let sent = transport.requests.withLock { $0.last?.credential }
        #expect(sent?.headers["authorization"] == "Basic " + Data("robot:hunter2".utf8).base64EncodedString())
        #expect(sent?.origin == client.endpoint.origin)
    }

    @Test("without keys a sealed credential is an error that says so, not an anonymous request")
    func noKeys() async throws {
        let transport = RecordingTransport()
        var registry = Registry(name: try RegistryName("example"), url: "https://registry.example.com")
        registry.credential = .sealed(keyID: "k", box: [1])
        let client = try RegistryClients(transport: transport, sealer: nil, now: { Date() }).client(for: registry)
        await #expect(throws: RegistryAccessError.noKeys) {
            try await client.resolve(try RepositoryName("a"), .tag(.latest))
        }
    }

    @Test("authorities and the client certificate of the record go with each request")
    func tls() async throws {
        let transport = RecordingTransport()
        let clients = RegistryClients(transport: transport, sealer: nil, now: { Date() })
        let registry = Registry(
            name: try RegistryName("example"), url: "https://registry.example.com", caFile: "/ca.pem",
            clientCertificateFile: "/client.pem", clientKeyFile: "/client.key")
        _ = try? await clients.client(for: registry).resolve(try RepositoryName("a"), .tag(.latest))
        let expected = TLSOptions(
            verification: .systemAnd(caBundlePath: "/ca.pem"),
            clientCertificate: .init(certificatePath: "/client.pem", keyPath: "/client.key"))
        #expect(transport.requests.withLock { $0.first?.tls } == expected)
        let half = Registry(
            name: registry.name, url: registry.url, clientCertificateFile: "/client.pem")
        #expect(throws: RegistryAccessError.self) { try clients.unkeptClient(for: half) }
    }

    @Test("a record that no client can be made from is refused with its reason")
    func badRecord() throws {
        let clients = RegistryClients(transport: RecordingTransport(), sealer: nil, now: { Date() })
        let name = try RegistryName("example")
        #expect(throws: RegistryAccessError.self) { try clients.client(for: Registry(name: name, url: "ftp://x")) }
        let both = Registry(name: name, url: "https://x.example", caFile: "/ca.pem", skipTLSVerification: true)
        #expect(throws: RegistryAccessError.self) { try clients.client(for: both) }
    }
}

@Suite("Failures of registries as state")
struct RegistryFailureTests {
    private let fault = RegistryError.Fault(registry: "r", subject: "s", detail: "d")
    private let now = Date(timeIntervalSince1970: 1_000_000)

    @Test("waits double, are jittered below, and end at the maximum")
    func backOff() throws {
        for attempt in 1...40 {
            let failure = RegistryFailure.failure(of: RegistryError.unreachable(fault), attempt: attempt, now: now)
            let wait = try #require(failure.nextAttemptAt).timeIntervalSince(now)
            let whole = min(30 * pow(2, Double(attempt - 1)), 6 * 3600)
            #expect(wait >= whole / 2 - 0.001 && wait <= whole)
            #expect(failure.attempt == attempt && failure.kind == .unreachable)
        }
    }

    @Test("a registry's own wait is kept and spread, up to the maximum")
    func retryAfter() throws {
        for (asked, least) in [(900, 900.0), (99_999_999, 6 * 3600)] {
            let failure = RegistryFailure.failure(
                of: RegistryError.rateLimited(fault, retryAfter: .seconds(asked)), attempt: 1, now: now)
            let wait = try #require(failure.nextAttemptAt).timeIntervalSince(now)
            #expect(failure.kind == .rateLimited && wait >= least && wait <= least * 1.1 + 0.001)
        }
    }

    @Test("a 404 is tried again: a proxy gives it while the registry behind it restarts")
    func notFound() throws {
        let failure = RegistryFailure.failure(of: RegistryError.notFound(fault), attempt: 1, now: now)
        #expect(failure.kind == .notFound)
        #expect(try #require(failure.nextAttemptAt) > now)
    }

    @Test("what only a person can change is not tried again by the clock")
    func noRetry() throws {
        for error in [
            RegistryError.unsupported(fault), .tooLarge(fault, limitBytes: 1), .notAnImage(fault, type: "x"),
        ] {
            #expect(RegistryFailure.failure(of: error, attempt: 3, now: now).nextAttemptAt == nil)
        }
        let refused = RegistryFailure.failure(of: RegistryError.unauthorized(fault), attempt: 1, now: now)
        #expect(try #require(refused.nextAttemptAt) >= now.addingTimeInterval(3600))
        #expect(RegistryFailure.failure(of: RegistryAccessError.noKeys, attempt: 1, now: now).kind == .unauthorized)
    }

    @Test("an unknown error shows its type, not its text")
    func unknown() {
        struct Leaky: Error { let secret = "hunter2" }
        let failure = RegistryFailure.failure(of: Leaky(), attempt: 1, now: now)
        #expect(failure.kind == .internalError && !failure.message.contains("hunter2"))
    }
}
