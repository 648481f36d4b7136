import ArgumentParser
import Foundation
import GatewayAPI
import HTTPPort
import Model
import Synchronization
import TestSupport
import Testing

@testable import PratiqueCommands

@Suite("Asking a server for a verdict")
struct ServerJudgeTests {
    @Test("that never comes ends at the time given, with pauses between the questions, and says so")
    func neverJudged() async throws {
        let server = PendingServer()
        let client = APIClient(base: try WebURL("https://pratique.example.com"), token: "t", transport: server)
        let command = try ScanCommand.parse(["registry.example.com/team/app:1", "--timeout", "30"])
        let digest = try Digest("sha256:" + String(repeating: "a", count: 64))
        let upload = InventoryUpload(image: "demo/app:1", register: .never, digest: digest, inventories: [])
        let failure = try await #require(throws: CommandFailure.self) {
            _ = try await ServerJudge(client: client, command: command).answer(to: upload, JumpingClock())
        }
        #expect(failure.summary == "no verdict for demo/app:1 within 30 s")
        // The upload, and one question a second.
        #expect(server.count <= 31)
        #expect(server.count >= 2)
    }
}

/// Answers every request at once, and never with a verdict.
private final class PendingServer: HTTPTransport {
    private let requests = Mutex(0)
    var count: Int { requests.withLock { $0 } }

    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        requests.withLock { $0 += 1 }
        let head = ResponseHead(status: 202, url: request.url)
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let body = #"{"name":"demo/app:1","digest":"\#(digest)","status":"pending","registered":false}"#
        try sink.receive(head: head)
        try Array(body.utf8).withUnsafeBytes { try sink.receive($0) }
        return head
    }
}

/// A clock that is at the end of every sleep at once.
private final class JumpingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let offset = Mutex(Duration.zero)

    var now: Instant { Instant(offset: offset.withLock { $0 }) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        offset.withLock { $0 = deadline.offset }
    }
}
