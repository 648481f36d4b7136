import HTTPPort
import Testing

@Suite struct WebURLTests {
    @Test("a URL is split into origin, path and query")
    func parts() throws {
        let url = try WebURL("HTTPS://Registry.Example.com:8443/a/b?x=1&y=2#part")
        #expect(url.origin == WebURL.Origin(scheme: .https, host: "registry.example.com", port: 8443))
        #expect(url.path == "/a/b" && url.query == "x=1&y=2")
        #expect(url.description == "https://registry.example.com:8443/a/b?x=1&y=2")
        #expect(url.redacted == "https://registry.example.com:8443/a/b?…")
        #expect(try WebURL("http://[::1]:5000").description == "http://[::1]:5000/")
        #expect(try WebURL("https://host?").query == "")
    }

    @Test(
        "what has two readings is refused",
        arguments: [
            "", "registry.example.com", "ftp://host/", "https://", "https:///path", "https://user:secret@host/",
            "https://host\\@evil/", "https://ho st/", "https://host:0/", "https://host:65536/", "https://host:/",
            "https://host:80:80/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://1.2.3.4.5/",
            "https://a.0x7f/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://-a/", "https://a..b/",
            "https://höst/",
            "https://host/\r\nX: y", "https://host/\u{7F}",
        ])
    func refused(text: String) {
        #expect(throws: HTTPTransportError.self) { try WebURL(text) }
    }

    @Test("an error of a URL shows neither its user nor its query")
    func redaction() throws {
        let error = #expect(throws: HTTPTransportError.self) { try WebURL("https://user:hunter2@host/?sig=hunter3") }
        #expect(error?.description.contains("hunter") == false)
    }

    @Test(
        "references resolve as RFC 3986 says",
        arguments: [
            ("/v2/_catalog?last=x&n=2&orderby=", "https://h/v2/_catalog?last=x&n=2&orderby="),
            ("?n=1", "https://h/a/b?n=1"),
            ("c", "https://h/a/c"), ("../c/./d", "https://h/c/d"), ("../../../c", "https://h/c"),
            ("//other/x", "https://other/x"),
            ("http://other:81/x/../y", "http://other:81/y"), ("", "https://h/a/b?q"), ("c d", "error"),
            ("mailto:x", "error"),
        ])
    func resolving(reference: String, wanted: String) throws {
        let base = try WebURL("https://h/a/b?q")
        let got = (try? base.resolving(reference))?.description ?? "error"
        #expect(got == wanted)
    }

    @Test("added segments and query items are encoded")
    func appending() throws {
        let base = try WebURL("https://h/prefix")
        #expect(base.appending(path: "v2/a b/").description == "https://h/prefix/v2/a%20b/")
        #expect(base.appending(query: [("last", "a/b&c"), ("n", "1")]).query == "last=a%2Fb%26c&n=1")
    }
}
