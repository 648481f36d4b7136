import HTTPPort
import Model
import RegistryClient
import Synchronization
import Testing

@Suite struct AuthenticationTests {
    typealias Reply = ScriptedTransport.Reply
    static let repository = try? RepositoryName("team/app")

    static func challenge(_ realm: String) -> Reply {
        .text(401, "", ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"s\",scope=\"registry:catalog:*\""])
    }

    func registry(
        _ transport: any HTTPTransport, url: String = "https://reg.test", credential: RegistryCredential = .anonymous,
        realmHosts: Set<String> = [], clock: SkippingClock = SkippingClock()
    ) throws -> RemoteRegistry {
        RemoteRegistry(
            endpoint: try RegistryEndpoint(url: url, realmHosts: realmHosts), credentials: { credential },
            transport: transport,
            clock: clock)
    }

    @Test("a bearer challenge is answered, and the token is kept for the next call")
    func bearer() async throws {
        let transport = ScriptedTransport { request, _ in
            if request.url.path == "/token" { return .text(200, #"{"access_token":"abc","expires_in":300}"#) }
            return request.credential?.headers["authorization"] == "Bearer abc"
                ? .text(200, "{}") : Self.challenge("https://reg.test/token")
        }
        let registry = try registry(transport, credential: .basic(user: "u", secret: "p4ss"))
        try await registry.ping()
        try await registry.ping()
        #expect(
            transport.lines == [
                "GET https://reg.test/v2/",
                "GET https://reg.test/token?service=s&scope=registry%3Acatalog%3A%2A&account=u",
                "GET https://reg.test/v2/", "GET https://reg.test/v2/",
            ])
        #expect(transport.requests[1].credential?.headers["authorization"] == "Basic dTpwNHNz")
        #expect(transport.requests[0].credential == nil)
    }

    @Test(
        "a realm on another host never sees the credential unless it is trusted",
        arguments: [
            ("https://evil.test/token", []), ("http://reg.test/token", []), ("https://reg.test.evil.test/token", []),
            ("https://user:x@reg.test/token", []), ("http://auth.test/token", ["auth.test"]),
            ("file:///etc/passwd", []),
        ] as [(String, Set<String>)])
    func foreignRealm(realm: String, trusted: Set<String>) async throws {
        let transport = ScriptedTransport(Self.challenge(realm))
        let registry = try registry(transport, credential: .basic(user: "u", secret: "p4ss"), realmHosts: trusted)
        let error = await #expect(throws: RegistryError.self) { try await registry.ping() }
        #expect(error?.kind == "realmRefused")
        #expect(transport.requests.count == 1)
    }

    @Test(
        "a trusted realm is used; Docker Hub's is known",
        arguments: [
            ("https://reg.test", "https://auth.test/token", ["auth.test"]),
            ("docker.io", "https://auth.docker.io/token", []),
        ] as [(String, String, Set<String>)])
    func trustedRealm(url: String, realm: String, trusted: Set<String>) async throws {
        let transport = ScriptedTransport(Self.challenge(realm), .text(200, #"{"token":"t"}"#), .text(200, "{}"))
        try await registry(transport, url: url, realmHosts: trusted).ping()
        #expect(transport.requests.count == 3)
        #expect(transport.requests[2].url.host == (url == "docker.io" ? "registry-1.docker.io" : "reg.test"))
    }

    @Test("tokens are renewed before four fifths of their life are over, and last 60 seconds by default")
    func renewal() async throws {
        let transport = ScriptedTransport { request, number in
            if request.url.path == "/token" { return .text(200, #"{"token":"t\#(number)"}"#) }
            return request.credential == nil ? Self.challenge("https://reg.test/token") : .text(200, "{}")
        }
        let clock = SkippingClock()
        let registry = try registry(transport, clock: clock)
        try await registry.ping()
        clock.advance(by: .seconds(42))
        try await registry.ping()
        #expect(transport.requests.count { $0.url.path == "/token" } == 1)
        clock.advance(by: .seconds(7))
        try await registry.ping()
        #expect(transport.requests.count { $0.url.path == "/token" } == 2)
    }

    @Test("a kept token that is refused is replaced once, then the call fails")
    func refusedToken() async throws {
        let transport = ScriptedTransport { request, number in
            if request.url.path == "/token" { return .text(200, #"{"token":"t\#(number)","expires_in":3600}"#) }
            return request.credential?.headers["authorization"] == "Bearer t1" && number < 3
                ? .text(200, "{}") : Self.challenge("https://reg.test/token")
        }
        let registry = try registry(transport)
        try await registry.ping()
        let before = transport.requests.count
        let error = await #expect(throws: RegistryError.self) { try await registry.ping() }
        #expect(error?.kind == "unauthorized")
        #expect(transport.requests.dropFirst(before).map(\.url.path) == ["/v2/", "/token", "/v2/"])
    }

    @Test("after the realm refused the credential no request is sent until the hold ends or the credential changes")
    func stopsAfterRefusal() async throws {
        let transport = ScriptedTransport { request, _ in
            request.url.path == "/token" ? .text(401, "") : Self.challenge("https://reg.test/token")
        }
        let clock = SkippingClock()
        let credential = Mutex(RegistryCredential.basic(user: "u", secret: "wrong"))
        let registry = RemoteRegistry(
            endpoint: try RegistryEndpoint(url: "https://reg.test"), credentials: { credential.withLock { $0 } },
            transport: transport, clock: clock)
        for _ in 0..<3 {
            let error = await #expect(throws: RegistryError.self) { try await registry.ping() }
            #expect(error?.kind == "unauthorized")
        }
        #expect(transport.requests.count == 2)
        credential.withLock { $0 = .basic(user: "u", secret: "other") }
        _ = try? await registry.ping()
        #expect(transport.requests.count == 3)
        clock.advance(by: .seconds(301))
        _ = try? await registry.ping()
        #expect(transport.requests.count == 4)
    }

    @Test("a refused Basic credential is sent once, not per repository")
    func basicRefused() async throws {
        let transport = ScriptedTransport(.text(401, "", ["WWW-Authenticate": "Basic realm=x"]))
        let registry = try registry(transport, credential: .basic(user: "u", secret: "wrong"))
        for name in ["a", "b", "c"] {
            _ = try? await registry.tags(of: RepositoryName(name))
        }
        #expect(transport.requests.count == 2)
        #expect(transport.requests.map { $0.credential != nil } == [false, true])
    }

    @Test(
        "an identity token goes to the realm by POST, and by GET where the realm has no POST",
        arguments: [200, 404, 405])
    func identityToken(status: Int) async throws {
        let transport = ScriptedTransport { request, _ in
            guard request.url.path == "/token" else {
                return request.credential == nil ? Self.challenge("https://reg.test/token") : .text(200, "{}")
            }
            return request.method == .post && status != 200 ? .text(status) : .text(200, #"{"token":"t"}"#)
        }
        try await registry(transport, credential: .identityToken("id&token")).ping()
        let form = String(decoding: transport.requests[1].body, as: UTF8.self)
        #expect(
            transport.requests[1].method == .post && form.contains("refresh_token=id%26token")
                && form.contains("grant_type=refresh_token"))
        #expect(transport.requests[2].method == .get)
        #expect(
            transport.requests.allSatisfy {
                $0.url.path == "/token" || $0.credential?.headers["authorization"] != "Bearer id&token"
            })
    }

    @Test("a 401 without a challenge is asked again at /v2/")
    func probing() async throws {
        let transport = ScriptedTransport { request, _ in
            if request.url.path == "/token" { return .text(200, #"{"token":"t"}"#) }
            if request.url.path == "/v2/" { return Self.challenge("https://reg.test/token") }
            return request.credential == nil ? .text(401) : .text(200, #"{"name":"team/app","tags":["1"]}"#)
        }
        let tags = try await registry(transport).tags(of: try #require(Self.repository))
        #expect(tags.names.map(\.text) == ["1"])
    }

    @Test("a 401 from the host of a redirect gets no credential")
    func redirectedChallenge() async throws {
        let storage = try WebURL("https://storage.test/x")
        var reply = Self.challenge("https://reg.test/token")
        reply.url = storage
        let transport = ScriptedTransport(reply)
        let registry = RemoteRegistry(
            endpoint: try RegistryEndpoint(url: "https://reg.test"), credentials: { .basic(user: "u", secret: "p4ss") },
            transport: transport, retry: .never)
        await #expect(throws: RegistryError.self) { try await registry.ping() }
        #expect(transport.requests.count == 1)
    }

    @Test("concurrent calls share one exchange")
    func oneExchange() async throws {
        let transport = ScriptedTransport { request, _ in
            if request.url.path == "/token" { return .text(200, #"{"token":"t","expires_in":300}"#) }
            return request.credential == nil ? Self.challenge("https://reg.test/token") : .text(200, "{}")
        }
        let registry = try registry(transport)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { try await registry.ping() } }
            try await group.waitForAll()
        }
        #expect(transport.requests.count { $0.url.path == "/token" } == 1)
    }

    @Test("no message shows a secret, a signed query or a control character")
    func redaction() async throws {
        let body =
            #"{"errors":[{"code":"DENIED","message":"bad hunter2 at https://s.test/x?sig=abc\u0000\u001b[31m"#
            + #" Bearer eyJ.x"}]}"#
        let transport = ScriptedTransport(.text(403, body))
        let error = await #expect(throws: RegistryError.self) {
            try await registry(transport, credential: .basic(user: "u", secret: "hunter2")).ping()
        }
        let text = try #require(error).description
        #expect(text.contains("DENIED") && !text.contains("hunter2") && !text.contains("sig=") && !text.contains("eyJ"))
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test("the body of an unknown page is not shown")
    func noEcho() async throws {
        let transport = ScriptedTransport(.text(400, "<html>internal admin page</html>"))
        let error = await #expect(throws: RegistryError.self) { try await registry(transport).ping() }
        #expect(try #require(error).description.contains("internal") == false)
    }
}
