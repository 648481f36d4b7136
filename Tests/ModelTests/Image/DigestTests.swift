import Foundation
import Model
import TestSupport
import Testing

@Suite("Digests")
struct DigestTests {
    static let sha256 = "sha256:" + String(repeating: "0a", count: 32)
    static let sha512 = "sha512:" + String(repeating: "f9", count: 64)

    @Test("sha256 and sha512 are read", arguments: [sha256, sha512])
    func good(text: String) throws {
        let digest = try Digest(text)
        #expect(digest.text == text)
        #expect(digest.description == text)
        #expect(digest.algorithm.rawValue + ":" + digest.hex == text)
        #expect(digest.short.count == 12)
    }

    @Test(
        "anything else is refused with its place",
        arguments: [
            ("", nil), ("sha256", nil), ("sha256:", 7), ("md5:d41d8cd98f00b204e9800998ecf8427e", 0),
            ("SHA256:" + sha256.dropFirst(7), 0),
            (String(sha256.dropLast()), 7), (sha256 + "0", 7), ("sha256:" + String(repeating: "0A", count: 32), 8),
            ("sha256:" + String(repeating: "0", count: 62) + "/x", 69), ("sha256:../../../../etc/passwd", 7),
            (" " + sha256, 0),
            (String(sha256.dropLast()) + "g", 70), ("sha256:" + String(repeating: "é", count: 32), 7),
        ] as [(String, Int?)])
    func bad(text: String, offset: Int?) {
        #expect {
            try Digest(text)
        } throws: { error in
            guard let error = error as? ParseError else { return false }
            return error.what == "digest" && error.offset == offset && !error.reason.isEmpty
                && error.description.contains("bad digest")
        }
    }

    @Test("raw bytes become hex")
    func bytes() {
        #expect(
            Digest(sha256: (0..<32).map { UInt8($0) }).text
                == "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    }

    @Test("a digest is stored as its text, and bad text is refused when decoded")
    func coding() throws {
        let digest = try Digest(Self.sha256)
        #expect(try String(decoding: JSONEncoder().encode([digest]), as: UTF8.self) == "[\"\(Self.sha256)\"]")
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Digest].self, from: Data(#"["sha256:x"]"#.utf8))
        }
    }

    @Test("random bytes are never a digest and never a crash")
    func hostile() {
        var random = SeededGenerator.printed("random bytes as a digest")
        for _ in 0..<2_000 {
            let text = random.bytes(most: 80)
            #expect(throws: ParseError.self) { try Digest(text) }
            #expect(throws: ParseError.self) { try Digest("sha256:" + text + "!") }
        }
    }
}
