import EventLogPort
import Events
import Foundation
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct WebhookIntegrationTests {
    private let push = Array(#"{"events":[{"action":"push","target":{"repository":"team/app","tag":"1"}}]}"#.utf8)

    @Test("a webhook with the right secret is in the log before it is answered 202")
    func accepted() async throws {
        let push = push
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let answer = try await gateway.webhook("demo", push, secret: "Bearer hook-secret")
            #expect(answer.status == 202)
            let records = try await gateway.deliveries(1)
            let delivery = try #require(try records.first?.payload(Delivery.self))
            #expect(records.count == 1)
            #expect(answer.text.contains(delivery.id))
            #expect(delivery.registry.text == "demo")
            #expect(delivery.content == .webhook(contentType: "application/json", body: Data(push)))
            #expect(delivery.source == .webhook)
            #expect(records[0].context.traceparent?.hasPrefix("00-") == true)
        }
    }

    @Test("an unknown registry, a missing secret and a wrong one are answered alike, and nothing is stored")
    func refused() async throws {
        let push = push
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let created = try await gateway.call(
                .post, "registries", #"{"name":"quiet","url":"https://quiet.example.com"}"#)
            #expect(created.status == 201)
            let answers = [
                try await gateway.webhook("nowhere", push, secret: "Bearer hook-secret"),
                try await gateway.webhook("quiet", push, secret: "Bearer hook-secret"),
                try await gateway.webhook("demo", push, secret: nil),
                try await gateway.webhook("demo", push, secret: "Bearer wrong"),
                try await gateway.webhook("demo", push, secret: "Bearer hook-secret "),
                try await gateway.webhook("not%20a%20name", push, secret: "x"),
            ]
            // White space around a header's value is no part of it (RFC 9110 §5.5).
            #expect(answers.map(\.status) == [404, 404, 404, 404, 202, 404])
            let refusals = Set(answers.filter { $0.status == 404 }.map(\.text))
            #expect(refusals.count == 1)
            #expect(answers[0].headers["content-type"] == "application/problem+json")
            #expect(try await gateway.deliveries(1).count == 1)
        }
    }

    @Test("a body over the limit is answered 413, another method 405, another path 404")
    func bounds() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let large = [UInt8](repeating: UInt8(ascii: " "), count: WebhookReceiver.bodyBytesMax + 1)
            #expect(try await gateway.webhook("demo", large, secret: "Bearer hook-secret").status == 413)
            let full = Array(large.dropLast())
            #expect(try await gateway.webhook("demo", full, secret: "Bearer hook-secret").status == 202)
            let get = try await gateway.send(.get, port: gateway.ports.webhooks, "/webhooks/demo")
            #expect(get.status == 405)
            #expect(get.headers["allow"] == "POST")
            #expect(try await gateway.send(.post, port: gateway.ports.webhooks, "/elsewhere").status == 404)
            // The API is not on this listener.
            let api = try await gateway.send(.get, port: gateway.ports.webhooks, "/api/v1/me", token: gateway.admin)
            #expect(api.status == 404)
        }
    }

    @Test("200 webhooks at once are all accepted, each once")
    func concurrent() async throws {
        let push = push
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<200 {
                    group.addTask { try await gateway.webhook("demo", push, secret: "Bearer hook-secret").status }
                }
                for try await status in group { #expect(status == 202) }
            }
            #expect(try await gateway.deliveries(200).count == 200)
        }
    }

    @Test("a body of any bytes is kept as it is")
    func anyBytes() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let bytes = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try await gateway.webhook("demo", bytes, secret: "Bearer hook-secret").status == 202)
            let record = try #require(try await gateway.deliveries(1).first)
            guard case .webhook(_, let body) = try record.payload(Delivery.self).content else {
                Issue.record("no webhook")
                return
            }
            #expect(Array(body) == BodyRedaction.redact(bytes))
        }
    }

    @Test("the reference samples of CNCF Distribution are accepted and kept byte by byte")
    func samples() async throws {
        let folder = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "shared/reference/webhooks")
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let names = all.filter { $0.hasPrefix("distribution.") && !$0.contains(".headers.") }.sorted()
        guard !names.isEmpty else {
            print("skipped: no reference samples beside the repository")
            return
        }
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            for (number, name) in names.enumerated() {
                let body = Array(try Data(contentsOf: folder.appending(path: name)))
                let answer = try await gateway.webhook(
                    "demo", body, secret: "Bearer hook-secret",
                    contentType: "application/vnd.docker.distribution.events.v2+json")
                #expect(answer.status == 202, "\(name)")
                let record = try #require(
                    try await gateway.deliveries(number + 1).first { answer.text.contains($0.key) })
                let delivery = try record.payload(Delivery.self)
                #expect(
                    delivery.content
                        == .webhook(contentType: "application/vnd.docker.distribution.events.v2+json", body: Data(body)),
                    "\(name)")
            }
        }
    }
}
