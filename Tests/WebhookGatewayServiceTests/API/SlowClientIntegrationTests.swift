import HTTPPort
import Storage
import TestSupport
import Testing

@testable import WebhookGatewayService

/// Over a raw socket: what a client does that neither ends its request nor reads its answer.
@Suite struct SlowClientIntegrationTests {
    private func head(_ path: String, token: String = "") -> String {
        let authorization = token.isEmpty ? "" : "Authorization: Bearer \(token)\r\n"
        return "POST \(path) HTTP/1.1\r\nHost: a\r\n\(authorization)Transfer-Encoding: chunked\r\n\r\n"
    }

    @Test("a body that is over the limit or comes uninvited is answered, and the connection closed before its end")
    func unfinished() async throws {
        try await Gateway.run { gateway in
            let chunk = "10000\r\n" + String(repeating: " ", count: 65_536) + "\r\n"
            let cases = [
                (gateway.ports.api, head("/api/v1/images", token: gateway.admin), 17, "413"),
                (gateway.ports.api, head("/api/v1/images"), 1, "401"),
                (gateway.ports.webhooks, head("/webhooks/none"), 1, "404"),
            ]
            for (port, head, chunks, status) in cases {
                let answer = try await onOwnThread {
                    let client = try RawClient(port: port)
                    try client.write(head + String(repeating: chunk, count: chunks))
                    // No last chunk ever comes: only the server can end this.
                    return try client.read()
                }
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(80))")
                #expect(answer.lowercased().contains("connection: close"))
                #expect(answer.contains("application/problem+json"))
            }
        }
    }

    @Test("a follower that does not read does not hold up the stop")
    func stalledFollower() async throws {
        let kept = Kept()
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let client = try await onOwnThread {
                let client = try RawClient(port: gateway.ports.api, receiveBytes: 4_096)
                try client.write(
                    "GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(gateway.admin)\r\n\r\n")
                _ = try client.read { $0.contains("event: reset") }
                return client
            }
            kept.client = client
            // More than the buffers between the two hold.
            let long = String(repeating: "x", count: 200_000)
            for number in 0..<16 {
                let name = "demo/app:\(number)"
                let digest = try SampleImages.digest(Character(String(number, radix: 16)))
                try await gateway.observe(name, digest)
                try await gateway.append([try gateway.verdict(name, digest, reasons: (0..<10).map { "\($0) \(long)" })])
            }
            try await eventually("all are judged") {
                try await gateway.call(.get, "summary").text.contains(#""non-compliant":16"#)
            }
        }
        // The service has stopped, though nobody read.
        #expect(kept.client != nil)
    }
}

/// Carried out of the run.
private final class Kept: @unchecked Sendable {
    // Written by the one test body, read after it has ended.
    var client: RawClient?
}
