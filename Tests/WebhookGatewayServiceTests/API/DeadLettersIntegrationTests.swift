import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct DeadLettersIntegrationTests {
    /// A letter of a change that the catalogue would take now.
    private func letter(_ id: String, group: String = "webhook-gateway.catalogue", cause: String = "gave-up") throws
        -> RecordDraft
    {
        let change = Change.revokeToken(id: id)
        let context = EventContext(id: "event-\(id)", source: "test", time: SampleImages.now)
        var draft = try RecordDraft(Topics.changes, key: change.key, change, context)
        draft.topic = Topics.deadLetters.name
        draft.headers += [
            Header(DeadLetter.reason, "no luck with \(id)"), Header(DeadLetter.origin, "changes/0@7"),
            Header(DeadLetter.group, group), Header(DeadLetter.cause, cause),
        ]
        return draft
    }

    private func listed(_ count: Int, _ gateway: Gateway, _ query: String = "") async throws -> [DeadLetterSummary] {
        try await eventually("\(count) letters") {
            try await gateway.call(.get, "dead-letters" + query).json(Page<DeadLetterSummary>.self).items.count == count
        }
        return try await gateway.call(.get, "dead-letters" + query).json(Page<DeadLetterSummary>.self).items
    }

    private func replay(_ body: String, _ gateway: Gateway) async throws -> ReplayAnswer {
        let answer = try await gateway.call(.post, "dead-letters/replay", body)
        guard answer.status == 200 else { throw Gateway.UnexpectedAnswer(answer: answer) }
        return try answer.json(ReplayAnswer.self)
    }

    private func putBack(_ gateway: Gateway) async throws -> [WholeRecord] {
        try await gateway.records(Topics.changes).filter { $0.header(DeadLetter.replayOf) != nil }
    }

    @Test("they are listed with their reasons, by page and by cause")
    func list() async throws {
        try await Gateway.run { gateway in
            let plain = RecordDraft(
                topic: Topics.deadLetters.name, key: "k", value: Data("{".utf8),
                headers: [Header(DeadLetter.reason, "is not JSON"), Header(DeadLetter.origin, "changes/0@7")])
            try await gateway.append([plain, try letter("a"), try letter("b"), try letter("c", cause: "refused")])
            let letters = try await listed(4, gateway)
            #expect(letters.map(\.reason) == ["no luck with c", "no luck with b", "no luck with a", "is not JSON"])
            #expect(letters.last?.origin == "changes/0@7" && letters.last?.bytes == 1)
            #expect(letters.last?.cause == "unknown/other")
            let page = try await gateway.call(.get, "dead-letters?limit=3").json(Page<DeadLetterSummary>.self)
            #expect(page.items.count == 3)
            let next = try #require(page.next)
            #expect(try await listed(1, gateway, "?limit=3&after=\(next)").map(\.key) == ["k"])
            let ofCause = try await listed(2, gateway, "?cause=webhook-gateway.catalogue/gave-up")
            #expect(ofCause.map(\.key) == ["b", "a"])
            let causes = try await gateway.call(.get, "dead-letters/causes").json(Page<DeadLetterGroup>.self).items
            #expect(
                causes.map(\.cause) == [
                    "webhook-gateway.catalogue/refused", "webhook-gateway.catalogue/gave-up", "unknown/other",
                ])
            #expect(causes.map(\.letters) == [1, 2, 1])
            #expect(causes[1].newest.key == "b" && causes[1].firstAt <= causes[1].newest.at)
        }
    }

    @Test("those of a cause are put back once, with their bytes, and are open no more")
    func replayCause() async throws {
        try await Gateway.run { gateway in
            let drafts = [try letter("a"), try letter("b"), try letter("c", cause: "refused")]
            try await gateway.append(drafts)
            _ = try await listed(3, gateway)
            let body = #"{"cause":"webhook-gateway.catalogue/gave-up"}"#
            let first = try await replay(body, gateway)
            #expect(first == ReplayAnswer(replayed: [0, 1]))
            #expect(try await replay(body, gateway) == ReplayAnswer())
            let records = try await putBack(gateway)
            #expect(records.map(\.key) == ["a", "b"] && records.map(\.value) == drafts.prefix(2).map(\.value))
            #expect(records.map(\.context.id) == ["event-a", "event-b"])
            #expect(!records.flatMap(\.headers).contains { $0.name.hasPrefix("pratique-dead-letter-") })
            #expect(try await listed(1, gateway).map(\.key) == ["c"])
            let all = try await listed(3, gateway, "?all=true")
            #expect(all.map { $0.replayedAt != nil } == [false, true, true])
            let audit = try await gateway.records(Topics.audit).compactMap { try $0.payload(AuditEntry.self) }
                .filter { $0.action == "dead-letters.replay" }
            #expect(audit.map(\.detail) == ["webhook-gateway.catalogue/gave-up"])
        }
    }

    @Test("by position: what is not open is said; again means again")
    func replayPositions() async throws {
        try await Gateway.run { gateway in
            var state = try letter("v")
            state.headers = state.headers.map { $0.name == DeadLetter.origin ? Header($0.name, "access/0@1") : $0 }
            try await gateway.append([try letter("a"), state])
            _ = try await listed(2, gateway)
            let answer = try await replay(#"{"positions":[0,1,99]}"#, gateway)
            #expect(answer.replayed == [0] && answer.passed.map(\.position) == [1, 99])
            let second = try await replay(#"{"positions":[0]}"#, gateway)
            #expect(second.replayed.isEmpty && second.passed.map(\.position) == [0])
            #expect(try await replay(#"{"positions":[0],"again":true}"#, gateway).replayed == [0])
            #expect(try await putBack(gateway).count == 2)
        }
    }

    @Test("a command puts back at most so many, and says how many are left")
    func cap() async throws {
        try await Gateway.run { gateway in
            let drafts = try (0..<DeadLetterRoutes.replayMax + 3).map { try letter("t\($0)") }
            for first in stride(from: 0, to: drafts.count, by: 200) {
                try await gateway.append(Array(drafts[first..<min(first + 200, drafts.count)]))
            }
            let cause = "webhook-gateway.catalogue/gave-up"
            try await eventually("all are there") {
                try await gateway.call(.get, "dead-letters/causes").json(Page<DeadLetterGroup>.self)
                    .items.first?.letters == drafts.count
            }
            let answer = try await replay(#"{"cause":"\#(cause)"}"#, gateway)
            #expect(answer.replayed == (0..<Int64(DeadLetterRoutes.replayMax)).map { $0 } && answer.left == 3)
            #expect(try await replay(#"{"cause":"\#(cause)"}"#, gateway).replayed.count == 3)
        }
    }

    @Test("it wants an operator without a scope, and says which letters")
    func refusals() async throws {
        try await Gateway.run { gateway in
            let viewer = try await gateway.token(role: "viewer")
            let scoped = try await gateway.token(role: "operator", scope: #"{"registries":["demo"]}"#)
            for token in [viewer, scoped] {
                for (method, path) in [
                    ("GET", "dead-letters"), ("GET", "dead-letters/causes"), ("POST", "dead-letters/replay"),
                ] {
                    let status = try await gateway.call(
                        method == "GET" ? .get : .post, path, method == "GET" ? "" : #"{"positions":[1]}"#, token: token
                    ).status
                    #expect(status == 403, "\(path)")
                }
            }
            for body in ["{}", #"{"positions":[],"cause":null}"#, #"{"positions":[1],"cause":"x"}"#, #"{"all":true}"#] {
                let status = try await gateway.call(.post, "dead-letters/replay", body).status
                #expect(status == 422 || status == 400, "\(body)")
            }
        }
    }
}
