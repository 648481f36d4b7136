import Foundation
import HTTPCurl
import HTTPPort
import TestSupport
import Testing

/// Redirects, addresses, proxies: what may be asked of whom, with which credential.
@Suite struct OriginIntegrationTests {
    func request(_ server: ScriptedServer, _ path: String, redirects: RedirectPolicy = .follow(max: 3)) throws
        -> OutboundRequest
    {
        let url = try WebURL(server.address + path)
        return OutboundRequest(
            .get, url, credential: .bearer("secret", for: url.origin), redirects: redirects, allowsPlainHTTP: true)
    }

    @Test(
        "a redirect within the origin keeps the credential, one elsewhere drops it",
        arguments: [301, 302, 303, 307, 308])
    func redirectDropsCredential(status: Int) async throws {
        let other = try await ScriptedServer.start { _ in .init(200, body: [7]) }
        let address = other.address
        let first = try await ScriptedServer.start { request in
            request.path == "/a"
                ? .init(status, headers: [("Location", "/b")], body: [9, 9])
                : .init(status, headers: [("Location", address + "/c?sig=1")])
        }
        let response = try await CurlTransport.local().collect(request(first, "/a"))
        #expect(response.body == [7] && response.head.url.description == address + "/c?sig=1")
        #expect(first.requests.map { $0.header("Authorization") } == ["Bearer secret", "Bearer secret"])
        #expect(other.requests.count == 1 && other.requests.first?.header("Authorization") == nil)
    }

    @Test("too many redirects end, and none are followed where they are handed out")
    func redirectLimit() async throws {
        let server = try await ScriptedServer.start { _ in .init(302, headers: [("Location", "/again")]) }
        let many = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(request(server, "/"))
        }
        #expect(
            many == .tooManyRedirects(url: try WebURL(server.address + "/"), limit: 3) && server.requests.count == 4)
        let handed = try await CurlTransport.local().collect(request(server, "/", redirects: .hand))
        #expect(handed.head.status == 302 && handed.head.headers["location"] == "/again")
    }

    @Test(
        "a redirect to what is no good URL is refused",
        arguments: ["ftp://127.0.0.1/", "http://user:x@127.0.0.1/", "file:///etc/passwd", "http://"])
    func badRedirect(location: String) async throws {
        let server = try await ScriptedServer.start { _ in .init(302, headers: [("Location", location)]) }
        let error = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(request(server, "/"))
        }
        guard case .redirectRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("only GET and HEAD are repeated elsewhere")
    func redirectedPost() async throws {
        let server = try await ScriptedServer.start { _ in .init(307, headers: [("Location", "/x")]) }
        var post = try request(server, "/")
        post.method = .post
        post.body = [1]
        let sent = post
        let error = await #expect(throws: HTTPTransportError.self) { try await CurlTransport.local().collect(sent) }
        guard case .redirectRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.requests.count == 1)
    }

    @Test("private addresses are refused unless the operator allowed them, by name and after a redirect too")
    func addresses() async throws {
        let server = try await ScriptedServer.start { _ in .init(200) }
        let port = server.port
        func get(_ host: String, _ policy: AddressPolicy) async throws -> Int {
            let transport = CurlTransport(.init(addresses: policy))
            return try await transport.collect(.local("http://\(host):\(port)")).head.status
        }
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let error = await #expect(throws: HTTPTransportError.self) { try await get(host, .publicOnly) }
            guard case .addressRefused = error else {
                Issue.record("\(host): \(String(describing: error))")
                continue
            }
        }
        #expect(server.connections == 0)
        #expect(try await get("127.0.0.1", AddressPolicy(allowing: ["127.0.0.0/8"])) == 200)
        #expect(try await get("localhost", AddressPolicy(allowing: ["localhost"])) == 200)
        let error = await #expect(throws: HTTPTransportError.self) {
            try await get("127.0.0.1", AddressPolicy(allowing: ["localhost"]))
        }
        #expect(error?.isTransient == false)
    }

    @Test("the metadata address is refused after a redirect, whatever is allowed")
    func metadata() async throws {
        let server = try await ScriptedServer.start { _ in
            .init(302, headers: [("Location", "http://169.254.169.254/latest/")])
        }
        let error = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(request(server, "/"))
        }
        guard case .addressRefused(host: "169.254.169.254", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a proxy is asked for what no_proxy does not name")
    func proxy() async throws {
        let proxy = try await ScriptedServer.start { request in .init(200, body: Array("proxy \(request.target)".utf8))
        }
        let server = try await ScriptedServer.start { _ in .init(200, body: Array("direct".utf8)) }
        let transport = CurlTransport.local(
            proxy: ProxyConfiguration(httpProxy: proxy.address, noProxy: ["127.0.0.0/8"]))
        let direct = try await transport.collect(.local(server.address))
        #expect(String(decoding: direct.body, as: UTF8.self) == "direct" && proxy.requests.isEmpty)
        let far = try await transport.collect(.local("http://registry.invalid", "/v2/"))
        #expect(String(decoding: far.body, as: UTF8.self) == "proxy http://registry.invalid/v2/")
        let metadata = await #expect(throws: HTTPTransportError.self) {
            try await transport.collect(.local("http://169.254.169.254"))
        }
        #expect(metadata?.isTransient == false && proxy.requests.count == 1)
    }
}
