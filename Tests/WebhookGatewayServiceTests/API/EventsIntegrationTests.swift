import Events
import Foundation
import GRDB
import GatewayAPI
import HTTPPort
import Model
import Synchronization
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct EventsIntegrationTests {
    /// What a stream has shown so far.
    private final class Shown: Sendable {
        private let content = Mutex("")
        var text: String { content.withLock { $0 } }
        func set(_ text: String) { content.withLock { $0 = text } }
    }

    /// Follows in a task of its own; returns once the stream has begun.
    private func follow(
        _ gateway: Gateway, token: String? = nil, until enough: @escaping @Sendable (String) -> Bool
    ) async throws -> Task<String, any Error> {
        let shown = Shown()
        let task = Task {
            try await gateway.stream("events", token: token) { text in
                shown.set(text)
                return enough(text)
            }
        }
        try await eventually("the stream has begun") { shown.text.contains("event: reset") }
        return task
    }

    @Test("who follows is told of each image that changes and that it may see")
    func events() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let token = try await gateway.token(
                role: "viewer", scope: #"{"registries":["demo"],"repositories":["team/*"]}"#)
            let following = try await follow(gateway, token: token) { $0.contains("demo/team/b:1") }
            let all = try await follow(gateway) { $0.contains("demo/team/b:1") }
            try await gateway.addImage("demo/secret/x:1", try SampleImages.digest("1"), .compliant)
            try await gateway.addImage("demo/team/a:1", try SampleImages.digest("2"), .nonCompliant)
            try await gateway.addImage("demo/team/b:1", try SampleImages.digest("3"), .compliant)
            let scoped = try await withDeadline("the scoped stream tells") { try await following.value }
            let whole = try await withDeadline("the whole stream tells") { try await all.value }
            #expect(scoped.hasPrefix("id: "))
            #expect(scoped.contains("event: image") && !scoped.contains("secret"))
            #expect(whole.contains("event: image"))
        }
    }

    @Test("a stream goes on where another one ended, and begins anew where that place says nothing")
    func resume() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("1")
            try await gateway.addImage("demo/a:1", digest, .compliant)
            try await eventually("it is judged") {
                let text = try await gateway.call(.get, "images/demo/a:1").text
                return text.contains(#""status":"compliant""#) && text.contains(#""packages":1"#)
            }
            let begun = try await gateway.stream("events") { $0.contains("\n\n") }
            let id = try #require(begun.split(separator: "\n").first?.dropFirst("id: ".count))
            let place = try #require(EventID(String(id)))
            try await gateway.addImage("demo/b:1", digest, .compliant)
            try await eventually("the second is there") {
                try await gateway.call(.get, "images/demo/b:1").status == 200
            }
            func resumed(_ place: EventID, until enough: @escaping @Sendable (String) -> Bool) async throws -> String {
                try await withDeadline("the stream goes on") {
                    try await gateway.stream("events", headers: ["Last-Event-ID": "\(place)"], until: enough)
                }
            }
            let more = try await resumed(place) { $0.contains("demo/b:1") }
            #expect(!more.contains("reset") && !more.contains("demo/a:1"))
            let other = EventID(generation: place.generation + 1, seq: place.seq)
            #expect(try await resumed(other) { $0.contains("\n\n") }.contains("event: reset"))
            let future = EventID(generation: place.generation, seq: place.seq + 1_000)
            #expect(try await resumed(future) { $0.contains("\n\n") }.contains("event: reset"))
        }
    }

    @Test("a stream ends with its token")
    func revoked() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let made = try await gateway.call(.post, "tokens", #"{"name":"t","role":"viewer"}"#).json(NewToken.self)
            let following = try await follow(gateway, token: made.token) { $0.contains("demo/a:1") }
            #expect(try await gateway.call(.delete, "tokens/\(made.id)").status == 204)
            try await gateway.addImage("demo/a:1", try SampleImages.digest("1"), .compliant)
            let text = try await withDeadline("the stream ends") { try await following.value }
            #expect(!text.contains("demo/a:1"))
        }
    }

    @Test("a read model that is built again counts in another generation")
    func generation() throws {
        let queue = try DatabaseQueue()
        func number() throws -> Int64? {
            try queue.read { try Int64.fetchOne($0, sql: "SELECT value FROM counter WHERE name = 'generation'") }
        }
        try queue.write { try GatewaySchema.create($0) }
        let first = try #require(try number())
        try queue.write { try GatewaySchema.empty($0) }
        #expect(try number() != first)
    }
}
