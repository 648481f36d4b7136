import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct BodyRedactionTests {
    private func redact(_ text: String) -> String {
        String(decoding: BodyRedaction.redact(Array(text.utf8)), as: UTF8.self)
    }

    @Test(
        "secrets in URLs are taken out",
        arguments: [
            (#"{"url":"https://user:pass@host/v2/x"}"#, #"{"url":"https://redacted@host/v2/x"}"#),
            (#"{"url":"https:\/\/user:pass@host\/v2\/x"}"#, #"{"url":"https:\/\/redacted@host\/v2\/x"}"#),
            ("see http://h/x?token=abc&n=1 and", "see http://h/x?token=redacted&n=1 and"),
            (#"{"u":"https://h/x?n=1\u0026sig=abc\u0026m=2"}"#, #"{"u":"https://h/x?n=1\u0026sig=redacted\u0026m=2"}"#),
            ("https://h/?X-Amz-Signature=1&X-Amz-Date=2", "https://h/?X-Amz-Signature=redacted&X-Amz-Date=2"),
            ("https://a@b@host/x", "https://redacted@host/x"),
            ("https://host/x@y?z=u@v", "https://host/x@y?z=u@v"),
        ])
    func secrets(_ body: String, _ expected: String) {
        #expect(redact(body) == expected)
    }

    @Test(
        "everything else stays as it is",
        arguments: [
            "", ":", "://", "a://", #"{"a":1}"#, "https://host/v2/team/app/manifests/sha256:abc", "http://host:5000/",
            #"{"tag":"1","useragent":"docker/27 (linux\\)"}"#, "mailto:user@example.com", "https://host/x?n=1&m=2",
        ])
    func untouched(_ body: String) {
        #expect(redact(body) == body)
    }

    @Test("any bytes are read to their end, and a redacted body does not change again")
    func anyBytes() {
        var generator = SeededGenerator.printed("body redaction")
        let pieces = ["://", #":\/\/"#, "@", "?", "&", #"\u0026"#, "token=", "x", "\\", "\"", " ", "/", "="].map {
            Array($0.utf8)
        }
        for _ in 0..<2_000 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                body += pieces.randomElement(using: &generator) ?? []
            }
            let once = BodyRedaction.redact(body)
            #expect(BodyRedaction.redact(once) == once)
        }
    }
}
