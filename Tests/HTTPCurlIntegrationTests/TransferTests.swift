import Dispatch
import Foundation
import HTTPCurl
import HTTPPort
import Synchronization
import TestSupport
import Testing

@Suite struct TransferIntegrationTests {
    @Test("status, headers and body arrive as they were sent")
    func plain() async throws {
        let server = try await ScriptedServer.start { request in
            .init(
                404, headers: [("X-Two", "1"), ("x-two", " 2 "), ("Empty", "")],
                body: Array("\(request.method) \(request.target)".utf8))
        }
        let response = try await CurlTransport.local().collect(.local(server.address, "/a/../b?x=%20"))
        #expect(response.head.status == 404 && response.head.version == "1.1")
        #expect(response.head.headers.all("X-TWO") == ["1", "2"] && response.head.headers["empty"] == "")
        // The path is sent as it is: whoever checked it checked what is asked.
        #expect(String(decoding: response.body, as: UTF8.self) == "GET /a/../b?x=%20")
    }

    @Test(
        "each method sends its body, and no header that nobody asked for",
        arguments: [
            OutboundRequest.Method.get, .head, .post, .put, .patch, .delete,
        ])
    func methods(method: OutboundRequest.Method) async throws {
        let server = try await ScriptedServer.start { _ in .init(200, body: [1, 2, 3]) }
        let body = Array("body".utf8)
        let hasBody = method != .get && method != .head
        let request = OutboundRequest(
            method, try WebURL(server.address + "/x"), headers: ["X-Empty": "", "X-One": "1"],
            body: hasBody ? body : [],
            allowsPlainHTTP: true)
        let response = try await CurlTransport.local().collect(request)
        let seen = try #require(server.requests.first)
        #expect(seen.method == method.rawValue && seen.body == (hasBody ? body : []))
        #expect(
            seen.header("x-one") == "1" && seen.header("x-empty") == "" && seen.header("Accept-Encoding") == "identity")
        for name in ["Expect", "Content-Type", "Authorization", "Cookie", "Transfer-Encoding"] {
            #expect(seen.header(name) == nil)
        }
        #expect(response.body == (method == .head ? [] : [1, 2, 3]))
    }

    @Test("connections are reused, one after the other on one, in parallel on no more than the width")
    func reuse() async throws {
        let server = try await ScriptedServer.start { _ in .init(200, body: [1]) }
        let transport = CurlTransport.local(width: 3)
        for _ in 0..<10 { _ = try await transport.collect(.local(server.address)) }
        #expect(server.connections == 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 { group.addTask { _ = try await transport.collect(.local(server.address)) } }
            try await group.waitForAll()
        }
        #expect(server.connections <= 3 && server.requests.count == 40)
    }

    @Test("a body over the limit ends the transfer, declared or not")
    func cap() async throws {
        let server = try await ScriptedServer.start { request in
            request.path == "/declared"
                ? .init(200, body: Array(repeating: 0, count: 101)) : .init(200, ending: .endless)
        }
        for path in ["/declared", "/endless"] {
            let request = try OutboundRequest.local(server.address, path, limits: RequestLimits(bodyBytesMax: 100))
            let error = await #expect(throws: HTTPTransportError.self) {
                try await CurlTransport.local().collect(request)
            }
            #expect(error == .bodyTooLarge(url: request.url, limitBytes: 100))
        }
    }

    @Test("headers over the limit end the transfer")
    func headerCap() async throws {
        let server = try await ScriptedServer.start { _ in
            .init(200, headers: [("X", String(repeating: "a", count: 5000))])
        }
        let request = try OutboundRequest.local(server.address, limits: RequestLimits(headerBytesMax: 4096))
        let error = await #expect(throws: HTTPTransportError.self) { try await CurlTransport.local().collect(request) }
        #expect(error == .headersTooLarge(url: request.url, limitBytes: 4096))
    }

    @Test("a body that breaks off is truncated, not short")
    func truncated() async throws {
        let server = try await ScriptedServer.start { _ in
            .init(200, body: Array(repeating: 1, count: 1000), ending: .closed(afterBytes: 400))
        }
        let error = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(.local(server.address))
        }
        guard case .truncated(_, receivedBytes: 400) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isTransient == true)
    }

    @Test("a silent server, a stalled body and a long call end by their limits")
    func timeouts() async throws {
        let server = try await ScriptedServer.start { request in
            switch request.path {
            case "/silent": .init(200, ending: .silent)
            case "/stalled": .init(200, body: Array(repeating: 1, count: 1000), ending: .stalled(afterBytes: 10))
            default: .init(200, ending: .endless)
            }
        }
        // Only the limit under test is short: on a busy machine another could end the call first.
        let long = Duration.seconds(60)
        let limits = { (phase: HTTPTransportError.Phase) in
            RequestLimits(
                connect: long, firstByte: phase == .firstByte ? .milliseconds(200) : long,
                stall: phase == .stall ? .milliseconds(200) : long, total: phase == .total ? .seconds(1) : long,
                bodyBytesMax: .max)
        }
        let cases: [(String, HTTPTransportError.Phase)] = [
            ("/silent", .firstByte), ("/stalled", .stall), ("/endless", .total),
        ]
        for (path, phase) in cases {
            let request = try OutboundRequest.local(server.address, path, limits: limits(phase))
            let error = await #expect(throws: HTTPTransportError.self) {
                try await CurlTransport.local().send(request) { _ in }
            }
            guard case .timedOut(_, phase, _) = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("a sink that blocks stops the sender")
    func backPressure() async throws {
        let server = try await ScriptedServer.start { _ in .init(200, ending: .endless) }
        let release = DispatchSemaphore(value: 0)
        let received = Counter()
        let limits = RequestLimits(stall: .seconds(2), total: nil, bodyBytesMax: .max)
        let request = try OutboundRequest.local(server.address, limits: limits)
        let transfer = Task {
            try await CurlTransport.local(width: 1).send(request) { bytes in
                if received.add(bytes.count) == 0 { release.wait() }
                if received.value > 32 << 20 { throw Enough() }
            }
        }
        // The sender has stopped when it did not get on during so many looks, which take longer than the stall limit.
        var sent = -1
        var still = 0
        try await wait(for: "a sender that stopped") {
            let now = server.endlessBytesSent
            still = now == sent && now > 0 ? still + 1 : 0
            sent = now
            return still >= 500
        }
        #expect(received.value <= 512 << 10)
        // The time in the sink is no stall: the transfer goes on.
        release.signal()
        await #expect(throws: Enough.self) { try await transfer.value }
    }

    struct Enough: Error {}

    @Test("a cancelled task ends its transfer, running or waiting")
    func cancellation() async throws {
        let server = try await ScriptedServer.start { _ in .init(200, ending: .silent) }
        let transport = CurlTransport.local(width: 1)
        let address = server.address
        let running = Task { try await transport.collect(.local(address, "/running")) }
        try await wait(for: "the request") { server.requests.count == 1 }
        let waiting = Task { try await transport.collect(.local(address, "/waiting")) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(server.requests.count == 1)
        try await wait(for: "the end of the connection") { server.openConnections == 0 }
    }

    @Test("more requests than the queue holds are refused, and a closed transport refuses all")
    func overload() async throws {
        let server = try await ScriptedServer.start { _ in .init(200, ending: .silent) }
        let transport = CurlTransport.local(width: 1, queueMax: 0)
        let address = server.address
        let running = Task { try await transport.collect(.local(address)) }
        try await wait(for: "the request") { server.requests.count == 1 }
        let error = await #expect(throws: HTTPTransportError.self) { try await transport.collect(.local(address)) }
        #expect(error == .overloaded(waiting: 0))
        running.cancel()
        _ = try? await running.value
        transport.close()
        await #expect(throws: HTTPTransportError.closed) { try await transport.collect(.local(address)) }
    }

    @Test("an error of the sink comes back unchanged")
    func sinkError() async throws {
        let server = try await ScriptedServer.start { _ in .init(200, body: [1]) }
        await #expect(throws: Enough.self) {
            try await CurlTransport.local().send(
                .local(server.address), onHead: { _ in throw Enough() }, onBody: { _ in })
        }
        await #expect(throws: Enough.self) {
            try await CurlTransport.local().send(.local(server.address)) { _ in throw Enough() }
        }
    }

    @Test("nobody listening is unreachable, an unknown name is not resolved")
    func unreachable() async throws {
        let server = try await ScriptedServer.start { _ in .init(200) }
        await server.stop()
        let error = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(.local(server.address))
        }
        guard case .unreachable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let unknown = await #expect(throws: HTTPTransportError.self) {
            try await CurlTransport.local().collect(.local("http://no-such-host.invalid"))
        }
        #expect(isUnknown(unknown))
    }

    /// The machine's resolver is asked: one that cannot reach its server ends by time.
    private func isUnknown(_ error: HTTPTransportError?) -> Bool {
        switch error {
        case .nameNotResolved(host: "no-such-host.invalid"), .timedOut: true
        default: false
        }
    }

    @Test("a thread that could not resolve a name goes on as before")
    func afterUnknownNames() async throws {
        let server = try await ScriptedServer.start { _ in .init(200) }
        let transport = CurlTransport.local(width: 1)
        for _ in 0..<3 {
            let unknown = await #expect(throws: HTTPTransportError.self) {
                try await transport.collect(.local("http://no-such-host.invalid"))
            }
            #expect(isUnknown(unknown))
        }
        #expect(try await transport.collect(.local(server.address)).head.status == 200)
        await server.stop()
    }
}

/// A number that a transport's thread and a test share.
final class Counter: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }

    /// Adds and returns the number before.
    func add(_ more: Int) -> Int {
        number.withLock { number in
            defer { number += more }
            return number
        }
    }
}
