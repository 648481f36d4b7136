import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Certificates in an image")
struct CertificatesTests {
    /// CN=app.example, for app.example and www.app.example, of a test authority; from 2020 to 2021.
    private static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBrzCCAVSgAwIBAgIUMoKzdVHqfbG/9mjLxl5UVJAokpEwCgYIKoZIzj0EAwIw
        KzEXMBUGA1UECgwOUHJhdGlxdWUgdGVzdHMxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN
        MjAwMTAyMDAwMDAwWhcNMjEwMTAyMDAwMDAwWjAWMRQwEgYDVQQDDAthcHAuZXhh
        bXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKehdnmJII5mO1+Xf3lCjpNI
        IUpu9aZ7rl6qIKGCeH7zAsfihIywTwoYN9cI/wtmLjMb7tIL5U7leneRfiR7Ei6j
        azBpMCcGA1UdEQQgMB6CC2FwcC5leGFtcGxlgg93d3cuYXBwLmV4YW1wbGUwHQYD
        VR0OBBYEFDJtWLfRCt0wUT4k4j20jBnVQWM5MB8GA1UdIwQYMBaAFMalGEeRQDTJ
        7wNbutMi/akDgV0xMAoGCCqGSM49BAMCA0kAMEYCIQCPqvT15f2eDwY+UYuLOtHE
        qftsVJ5c2RlmyRzHXTw0JgIhAIWN153GHEkeAiToiAG3yQFeY4FiVe+yHb7sbrWh
        spRt
        -----END CERTIFICATE-----
        """

    /// An authority without a basic constraint's path length.
    private static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBrjCCAVOgAwIBAgIUYjbECSLwqNYAF20K4MeRbFPpbkIwCgYIKoZIzj0EAwIw
        KzEXMBUGA1UECgwOUHJhdGlxdWUgdGVzdHMxEDAOBgNVBAMMB1Rlc3QgQ0EwIBcN
        MjYxMTI3MDg1MTI5WhgPMjEyNjExMDMwODUxMjlaMCsxFzAVBgNVBAoMDlByYXRp
        cXVlIHRlc3RzMRAwDgYDVQQDDAdUZXN0IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEKclGcJBh4/l24XihcGrKWeM1JSwRV9vjQD0w0s2H6G6l29asfR1NUblH
        +T6y647Ug3zuQ3m08xcI7O0NWcLJz6NTMFEwHQYDVR0OBBYEFMalGEeRQDTJ7wNb
        utMi/akDgV0xMB8GA1UdIwQYMBaAFMalGEeRQDTJ7wNbutMi/akDgV0xMA8GA1Ud
        EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAIobdB8PpG6OLqb7TwVVADc/
        ZKDrxhczIrKjMdL6Zz0oAiEA6n7AmmKAEIuS31CrTbyKq5xkbarBf9kkS4Sf554V
        C+A=
        -----END CERTIFICATE-----
        """

    private static func der(_ pem: String) throws -> [UInt8] {
        let base64 = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        return Array(try #require(Data(base64Encoded: base64)))
    }

    private static func file(_ path: String, _ bytes: [UInt8]) -> TarFixture.Item {
        .file(Array(path.utf8), content: bytes, mode: 0o644)
    }

    @Test("who they are of, and when they expire, in PEM and DER, with the layer")
    func certificates() async throws {
        let inventory = try await Scanning.inventory(
            [
                .file("app/tls.crt", "some text\n" + Self.expired + "\n" + Self.authority),
                .file("app/gone.pem", Self.expired), .file("app/tls.key.pem", "no certificate"),
                .file("app/key.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
                .file("etc/ssl/certs/ca-certificates.crt", Self.authority),
                .file("usr/share/ca-certificates/mozilla/a.crt", Self.authority),
                .symlink("app/link.crt", "/opt/unseen"), .file("opt/unseen", Self.expired),
            ],
            [.file("app/.wh.gone.pem", ""), Self.file("usr/local/share/own.der", try Self.der(Self.authority))])
        let found = try #require(inventory.certificates)
        #expect(
            found.map { "\($0.path) \($0.subject) \($0.notAfter) \($0.isAuthority)" } == [
                "app/tls.crt CN=Test CA,O=Pratique tests 2126-11-03T08:51:29Z true",
                "app/tls.crt CN=app.example 2021-01-02T00:00:00Z false",
                "usr/local/share/own.der CN=Test CA,O=Pratique tests 2126-11-03T08:51:29Z true",
            ])
        #expect(found.first { !$0.isAuthority }?.names == ["app.example", "www.app.example"])
        #expect(found.map(\.layer) == [0, 0, 1].map { inventory.layers[$0].digest })
        #expect(found[2].fingerprint == found.first { $0.isAuthority }?.fingerprint)
        #expect(inventory.notes == [])
    }

    @Test("a large file that is only called so, and a large list of licences, leave nothing undetermined")
    func large() async throws {
        let text = String(repeating: "x", count: 2 << 20)
        let inventory = try await Scanning.inventory([
            .file("data/points.der", text), .file("usr/share/doc/a/copyright", text),
            .file("var/lib/dpkg/status", Scanning.dpkg(("a", "1"))),
        ])
        #expect(inventory.undetermined == [] && inventory.packages.count == 1)
    }

    @Test("a damaged certificate, and a bundle of too many, are noted and leave nothing undetermined")
    func damage() async throws {
        let many = String(repeating: Self.authority + "\n", count: CertificatesAnalyser.certificatesMax + 1)
        let broken = Self.expired.replacing("MII", with: "AAA")
        let inventory = try await Scanning.inventory([.file("a.crt", broken), .file("b.pem", many)])
        #expect(
            inventory.notes == [
                "a.crt: a certificate in it cannot be read",
                "b.pem: it holds 101 certificates, of which none is listed",
            ])
        #expect(inventory.certificates == [])
    }
}
