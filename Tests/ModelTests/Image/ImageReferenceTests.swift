import Foundation
import Model
import TestSupport
import Testing

@Suite("Image references")
struct ImageReferenceTests {
    private static let digest = DigestTests.sha256

    /// What is written, and what it means in full.
    static let good: [(String, String)] = [
        ("ubuntu", "docker.io/library/ubuntu:latest"), ("ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        ("team/app", "docker.io/team/app:latest"), ("docker.io/ubuntu", "docker.io/library/ubuntu:latest"),
        ("index.docker.io/ubuntu:1", "docker.io/library/ubuntu:1"),
        ("registry-1.docker.io/team/app", "docker.io/team/app:latest"),
        ("docker.io/library/ubuntu", "docker.io/library/ubuntu:latest"), ("a/b/c:1", "docker.io/a/b/c:1"),
        ("localhost/app", "localhost/app:latest"), ("localhost:5000/app:1", "localhost:5000/app:1"),
        ("registry.example.com/app", "registry.example.com/app:latest"),
        ("Registry.Example.COM/app:X", "registry.example.com/app:X"),
        ("registry.example.com:443/prefix/team/app:1.2", "registry.example.com:443/prefix/team/app:1.2"),
        ("host:5000/a", "host:5000/a:latest"), ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"), ("[2001:db8::1]/app", "[2001:db8::1]/app:latest"),
        ("example.com/app@\(digest)", "example.com/app@\(digest)"),
        ("example.com/app:1@\(digest)", "example.com/app:1@\(digest)"),
        ("ubuntu@\(digest)", "docker.io/library/ubuntu@\(digest)"),
        ("example.com/a__b/c-d--e/f.g:_x", "example.com/a__b/c-d--e/f.g:_x"),
        ("a:5000", "docker.io/library/a:5000"), ("x.y", "docker.io/library/x.y:latest"),
        (
            "example.com/app:" + String(repeating: "t", count: 128),
            "example.com/app:" + String(repeating: "t", count: 128)
        ),
    ]

    @Test("a reference means what Docker and OCI mean by it", arguments: good)
    func meaning(text: String, full: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == full)
        #expect(try ImageReference(full) == reference)
    }

    static let bad: [(text: String, what: String)] = [
        ("", "image reference"), (":1", "image reference"), ("@\(digest)", "image reference"), ("app:", "tag"),
        ("app@", "digest"),
        ("app@sha256:abc", "digest"), ("example.com/", "repository name"), ("/app", "repository name"),
        ("App", "repository name"),
        ("example.com/App:1", "repository name"), ("a//b", "repository name"), ("a/b/", "repository name"),
        ("a..b", "repository name"),
        ("example.com/a___b", "repository name"), ("-a", "repository name"), ("a-", "repository name"),
        ("a b", "repository name"),
        ("app:.x", "tag"), ("app:-x", "tag"), ("app:a b", "tag"), ("app:" + String(repeating: "t", count: 129), "tag"),
        ("example.com:0/app", "registry host"), ("example.com:65536/app", "registry host"),
        ("example.com:x/app", "registry host"),
        ("example.com:/app", "registry host"), ("ex_ample.com/app", "registry host"),
        ("-example.com/app", "registry host"),
        ("example..com/app", "registry host"), ("[::1/app", "registry host"), ("[::g]:5000/app", "registry host"),
        ("[::G]/app", "registry host"),
        ("[::1]x:5000/app", "registry host"), ("[]:5000/app", "registry host"),
        ("http://example.com/app", "registry host"),
        ("example.com:+80/app", "registry host"), ("example.com/../etc", "repository name"),
        ("user:pass@example.com/app", "digest"),
        ("example.com/\(String(repeating: "a", count: 256))", "repository name"),
        (String(repeating: "a", count: 1_025), "image reference"),
        ("app:ü", "tag"), ("app\u{0}", "repository name"), ("app\n", "repository name"),
    ]

    @Test("a bad reference says which part is wrong and why", arguments: bad)
    func refused(text: String, what: String) {
        #expect {
            try ImageReference(text)
        } throws: { error in
            guard let error = error as? ParseError else { return false }
            return error.what == what && !error.reason.isEmpty && error.text.count <= 200
        }
    }

    @Test(
        "the place of the fault is named",
        arguments: [("example.com/team/aPp", 6), ("a/b!c", 3), ("ubuntu:ab:", nil)] as [(String, Int?)])
    func place(text: String, offset: Int?) {
        #expect {
            try ImageReference(text)
        } throws: { ($0 as? ParseError)?.offset == offset || offset == nil }
    }

    @Test(
        "host and port are told apart",
        arguments: [
            ("example.com", "example.com", nil), ("example.com:5000", "example.com", 5000), ("[::1]:80", "::1", 80),
            ("[::1]", "::1", nil),
            ("localhost", "localhost", nil),
        ] as [(String, String, Int?)])
    func hosts(text: String, host: String, port: Int?) throws {
        let parsed = try RegistryHost(text)
        #expect(parsed.host == host)
        #expect(parsed.port == port)
    }

    @Test("what is printed is read as the same reference")
    func roundTrip() throws {
        var random = SeededGenerator.printed("printed references")
        var read = 0
        for _ in 0..<5_000 {
            var (text, _) = random.pick(Self.good)
            if Bool.random(using: &random), !text.isEmpty {
                var characters = Array(text)
                characters[Int.random(in: 0..<characters.count, using: &random)] = random.pick(Array("abZ0:/.-_@[]é "))
                text = String(characters)
            }
            guard let reference = try? ImageReference(text) else { continue }
            read += 1
            #expect(try ImageReference(reference.description) == reference, "\(text)")
            #expect(
                try JSONDecoder().decode([ImageReference].self, from: JSONEncoder().encode([reference])) == [reference])
        }
        #expect(read > 1_000)
    }

    @Test("random bytes are read or refused, never a crash")
    func hostile() {
        var random = SeededGenerator.printed("random bytes as a reference")
        for _ in 0..<5_000 {
            _ = try? ImageReference(random.bytes(most: 60))
            _ = try? ImageReference(random.text(from: "ab0:/.-_@[]", most: 30))
            _ = try? RegistryHost(random.text(from: "ab0:.[]-", most: 12)).port
        }
    }
}
