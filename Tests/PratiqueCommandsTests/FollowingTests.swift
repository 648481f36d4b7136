import Foundation
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime
import Synchronization
import TestSupport
import Testing

@testable import PratiqueCommands

/// A server whose answers come in the order given, the last one again and again.
private final class AnsweringTransport: HTTPTransport {
    private let answers: [String]
    private let asked = Mutex<[String]>([])

    init(_ answers: [any Encodable]) throws {
        self.answers = try answers.map { String(decoding: try JSONFormat.encode($0), as: UTF8.self) }
    }

    var requests: [String] { asked.withLock { $0 } }

    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        let number = asked.withLock { asked in
            asked.append("\(request.method.rawValue) \(request.url)")
            return asked.count
        }
        let head = ResponseHead(status: 200, url: request.url)
        try sink.receive(head: head)
        try Array(answers[min(number, answers.count) - 1].utf8).withUnsafeBytes { try sink.receive($0) }
        return head
    }
}

private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    var count: Int { lines.withLock { $0.count } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

@Suite("Following a command of the server")
struct FollowingTests {
    private func client(_ transport: any HTTPTransport) throws -> APIClient {
        APIClient(base: try WebURL("http://127.0.0.1:8080"), token: "t", transport: transport)
    }

    private func answer(_ state: CommandAnswer.State, done: Int? = nil) -> CommandAnswer {
        CommandAnswer(id: "c1", state: state, message: "\(state)", done: done, total: done.map { _ in 9 })
    }

    @Test("ends with its end, and waits a second at a time")
    func end() async throws {
        let transport = try AnsweringTransport([answer(.accepted), answer(.running, done: 1), answer(.done, done: 9)])
        let end = try await client(transport).run("registries/demo/enumerate", body: nil, title: "enumerating demo")
        #expect(end.state == .done)
        #expect(
            transport.requests.map { $0.replacing("http://127.0.0.1:8080/api/v1", with: "") } == [
                "POST /registries/demo/enumerate?wait=1", "GET /replies/c1?wait=1", "GET /replies/c1?wait=1",
            ])
    }

    @Test("fails when the command did")
    func failed() async throws {
        let transport = try AnsweringTransport([answer(.accepted), answer(.failed)])
        let failure = await #expect(throws: CommandFailure.self) {
            try await client(transport).run("cleanup/apply", body: nil, title: "cleaning up")
        }
        #expect(failure?.reason == "failed")
    }

    @Test("does not go on for ever when nothing new is told")
    func silence() async throws {
        let transport = try AnsweringTransport([answer(.accepted)])
        let failure = await #expect(throws: CommandFailure.self) {
            try await client(transport).run("cleanup/apply", body: nil, title: "cleaning up")
        }
        #expect(failure?.exitStatus == .failure && failure?.advice?.contains("c1") == true)
        #expect(transport.requests.count == APIClient.silentAnswersMax + 1)
    }

    @Test("a list that is cut says so, one that is whole does not")
    func cut() async throws {
        let pages = [Page(items: ["a", "b"], next: "b"), Page(items: ["c"], next: nil)]
        let notes = Notes()
        let all = try await client(AnsweringTransport(pages)).list("things", of: String.self, note: notes.add)
        #expect(all == ["a", "b", "c"] && notes.count == 0)
        let some = try await client(AnsweringTransport(pages)).list(
            "things", most: 2, of: String.self, note: notes.add)
        #expect(some == ["a", "b"] && notes.count == 1)
    }
}
