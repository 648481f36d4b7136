import Foundation
import HTTPCurl
import HTTPPort
import TestSupport
import Testing

/// Against a real registry with TLS, whose server also speaks HTTP/2.
@Suite(
    .enabled("docker-registry and openssl are installed") {
        DistributionRegistry.isInstalled && TestCertificates.isAvailable
    }
)
struct TLSIntegrationTests {
    func get(
        _ registry: DistributionRegistry, host: String = "127.0.0.1", _ tls: TLSOptions,
        _ transport: CurlTransport = .local()
    ) async throws -> ResponseHead {
        try await transport.collect(OutboundRequest(.get, WebURL("https://\(host):\(registry.port)/v2/"), tls: tls))
            .head
    }

    @Test("a private authority is trusted only by its bundle, and the connection is HTTP/2")
    func authority() async throws {
        try await withFolder { folder in
            let files = try TestCertificates(in: folder)
            let registry = try await DistributionRegistry.start(
                folder: folder.appending(path: "registry"),
                tls: .init(certificatePath: files.serverPath, keyPath: files.serverKeyPath))
            let head = try await get(registry, TLSOptions(caBundlePath: files.authorityPath))
            #expect(head.status == 200 && head.version == "2")
            #expect(try await get(registry, TLSOptions(caBundlePath: nil, skipsVerification: true)).status == 200)
            #expect(
                try await get(registry, host: "localhost", TLSOptions(caBundlePath: files.authorityPath)).status == 200)
            let error = await #expect(throws: HTTPTransportError.self) { try await get(registry, .standard) }
            guard case .untrustedTLS = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("a connection made without verification does not serve a request that wants it")
    func noMixing() async throws {
        try await withFolder { folder in
            let files = try TestCertificates(in: folder)
            let registry = try await DistributionRegistry.start(
                folder: folder.appending(path: "registry"),
                tls: .init(certificatePath: files.serverPath, keyPath: files.serverKeyPath))
            let transport = CurlTransport.local(width: 1)
            #expect(
                try await get(registry, TLSOptions(caBundlePath: nil, skipsVerification: true), transport).status == 200
            )
            await #expect(throws: HTTPTransportError.self) { try await get(registry, .standard, transport) }
        }
    }

    @Test("a client certificate opens a server that asks for one, and goes nowhere else")
    func clientCertificate() async throws {
        try await withFolder { folder in
            let files = try TestCertificates(in: folder)
            let tls = DistributionRegistry.TLS(
                certificatePath: files.serverPath, keyPath: files.serverKeyPath,
                clientAuthorityPath: files.authorityPath)
            let registry = try await DistributionRegistry.start(folder: folder.appending(path: "registry"), tls: tls)
            let options = try TLSOptions(
                caBundlePath: files.authorityPath, certificatePath: files.clientPath, keyPath: files.clientKeyPath)
            #expect(try await get(registry, options).status == 200)
            await #expect(throws: HTTPTransportError.self) {
                try await get(registry, TLSOptions(caBundlePath: files.authorityPath))
            }
            let url = "https://127.0.0.1:\(registry.port)/v2/"
            let front = try await ScriptedServer.start { _ in .init(302, headers: [("Location", url)]) }
            let redirected = OutboundRequest(.get, try WebURL(front.address), allowsPlainHTTP: true, tls: options)
            await #expect(throws: HTTPTransportError.self) { try await CurlTransport.local().collect(redirected) }
        }
    }

    @Test("a skipped verification does not reach the target of a redirect")
    func redirects() async throws {
        try await withFolder { folder in
            let files = try TestCertificates(in: folder)
            let registry = try await DistributionRegistry.start(
                folder: folder.appending(path: "registry"),
                tls: .init(certificatePath: files.serverPath, keyPath: files.serverKeyPath))
            let url = "https://127.0.0.1:\(registry.port)/v2/"
            let front = try await ScriptedServer.start { _ in .init(302, headers: [("Location", url)]) }
            let skipping = try TLSOptions(caBundlePath: nil, skipsVerification: true)
            let request = OutboundRequest(.get, try WebURL(front.address), allowsPlainHTTP: true, tls: skipping)
            let error = await #expect(throws: HTTPTransportError.self) {
                try await CurlTransport.local().collect(request)
            }
            guard case .untrustedTLS = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("a redirect from HTTPS to plain HTTP is refused, even where plain HTTP is allowed")
    func downgrade() async throws {
        try await withFolder { folder in
            let files = try TestCertificates(in: folder)
            let plain = try await ScriptedServer.start { _ in .init(200) }
            // `openssl s_server -HTTP` answers with a file that holds the whole response.
            let answer = "HTTP/1.0 302 Found\r\nLocation: \(plain.address)/\r\nContent-Length: 0\r\n\r\n"
            try Data(answer.utf8).write(to: folder.appending(path: "moved"))
            let log = folder.appending(path: "server.log")
            let program = try #require(TestCertificates.program)
            let arguments = [
                "s_server", "-HTTP", "-accept", "127.0.0.1:0", "-cert", files.serverPath, "-key", files.serverKeyPath,
            ]
            let server = try RunningProgram(program, arguments, log: log, folder: folder)
            defer { server.kill() }
            func port() -> String? {
                let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").first { $0.hasPrefix("ACCEPT 127.0.0.1:") }?.split(separator: ":")
                    .last.map(String.init)
            }
            try await wait(for: "a listening server") { port() != nil }
            let url = try WebURL("https://127.0.0.1:\(try #require(port()))/moved")
            let request = OutboundRequest(
                .get, url, allowsPlainHTTP: true, tls: try TLSOptions(caBundlePath: files.authorityPath))
            let error = await #expect(throws: HTTPTransportError.self) {
                try await CurlTransport.local().collect(request)
            }
            guard case .redirectRefused = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(plain.connections == 0)
        }
    }
}
