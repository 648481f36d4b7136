import HTTPPort
import Testing

@Suite struct RequestTests {
    @Test("line breaks in headers are refused", arguments: ["a\r\nX: y", "a\nb", "a\u{0}b", "a\u{7F}"])
    func injection(value: String) throws {
        let url = try WebURL("https://h/")
        #expect(OutboundRequest(.get, url, headers: ["X": value]).refusal() != nil)
        let credential = OriginCredential(origin: url.origin, headers: ["Authorization": value])
        #expect(OutboundRequest(.get, url, credential: credential).refusal() != nil)
        #expect(OutboundRequest(.get, url, headers: ["X y": "z"]).refusal() != nil)
        #expect(OutboundRequest(.get, url, headers: ["X": "a\tb"]).refusal() == nil)
    }

    @Test(
        "secrets outside the credential are refused",
        arguments: ["Authorization", "cookie", "PRIVATE-TOKEN", "X-JFrog-Art-Api"])
    func secretHeaders(name: String) throws {
        let request = OutboundRequest(.get, try WebURL("https://h/"), headers: [name: "x"])
        #expect(request.refusal() != nil)
    }

    @Test("plain HTTP is refused unless it is allowed")
    func plainHTTP() throws {
        let url = try WebURL("http://h/")
        #expect(OutboundRequest(.get, url).refusal() == .plainHTTPRefused(url: url))
        #expect(OutboundRequest(.get, url, allowsPlainHTTP: true).refusal() == nil)
    }

    @Test("a CA bundle and a skipped verification exclude each other, and a certificate needs its key")
    func tlsOptions() throws {
        #expect(throws: HTTPTransportError.self) { try TLSOptions(caBundlePath: "a", skipsVerification: true) }
        #expect(throws: HTTPTransportError.self) { try TLSOptions(caBundlePath: nil, certificatePath: "a") }
        #expect(try TLSOptions(caBundlePath: "a").verification == .systemAnd(caBundlePath: "a"))
    }

    @Test("nothing that prints a request prints its secret")
    func printing() throws {
        let url = try WebURL("https://h/")
        let request = OutboundRequest(.get, url, credential: .basic(user: "u", secret: "hunter2", for: url.origin))
        var dumped = ""
        dump(request, to: &dumped)
        #expect(!dumped.contains("dTpodW50ZXIy") && !"\(request)".contains("dTpodW50ZXIy"))
        #expect(request.credential?.headers["authorization"] == "Basic dTpodW50ZXIy")
    }

    @Test(
        "the proxy is chosen by scheme and by no_proxy",
        arguments: [
            ("https://a.example.com/", true), ("https://example.com/", true), ("http://a.example.com/", false),
            ("https://internal.test/", false), ("https://deep.internal.test/", false),
            ("https://notinternal.test/", true),
            ("https://10.1.2.3/", false), ("https://11.1.2.3/", true), ("https://port.test:8443/", false),
            ("https://port.test/", true),
            ("https://star.test/", false), ("https://x.star.test/", false),
        ])
    func proxy(text: String, isProxied: Bool) throws {
        let proxy = ProxyConfiguration(environment: [
            "https_proxy": "http://proxy:3128", "HTTP_PROXY": "http://evil",
            "no_proxy": "internal.test, 10.0.0.0/8,port.test:8443,*.star.test",
        ])
        #expect((proxy.proxy(for: try WebURL(text)) != nil) == isProxied)
    }

    @Test(
        "Retry-After is read as seconds and as a date",
        arguments: [
            ("120", 120), (" 0 ", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
            ("99999999999999999999", 3_155_760_000), ("-1", nil), ("soon", nil), ("", nil),
            ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func retryAfter(text: String, seconds: Int64?) {
        // 1994-11-06T08:49:00Z
        #expect(RetryAfter.parse(text, unixNow: 784_111_740) == seconds.map { .seconds($0) })
    }

    @Test("waits double up to their cap, and jitter takes off at most half")
    func backoff() {
        var generator = SystemRandomNumberGenerator()
        let policy = RetryPolicy(attemptsMax: 9, firstDelay: .seconds(1), delayMax: .seconds(8))
        for (attempt, most) in [(1, 1), (2, 2), (3, 4), (4, 8), (8, 8), (60, 8)] {
            for _ in 0..<50 {
                let delay = policy.delay(after: attempt, using: &generator)
                #expect(delay <= .seconds(most) && delay * 2 >= .seconds(most))
            }
        }
    }
}
