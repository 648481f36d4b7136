import HTTPPort
import RegistryClient
import Synchronization

/// A transport whose answers a closure decides, request by request.
final class ScriptedTransport: HTTPTransport {
    struct Reply: Sendable {
        var status = 200
        var headers: HeaderList = []
        var body: [UInt8] = []
        /// Thrown after the body.
        var failure: HTTPTransportError?
        /// Where the answer came from, after a redirect.
        var url: WebURL?

        static func text(_ status: Int, _ text: String = "", _ headers: HeaderList = []) -> Reply {
            Reply(status: status, headers: headers, body: Array(text.utf8))
        }
        static func failing(_ error: HTTPTransportError) -> Reply { Reply(status: 0, failure: error) }
    }

    private let answer: @Sendable (OutboundRequest, Int) -> Reply
    private let log = Mutex<[OutboundRequest]>([])

    /// - Parameter answer: gets the request and its number, from 0.
    init(_ answer: @escaping @Sendable (OutboundRequest, Int) -> Reply) { self.answer = answer }

    /// Gives the replies in order, the last one for ever.
    convenience init(_ replies: Reply...) {
        self.init { _, number in replies[min(number, replies.count - 1)] }
    }

    var requests: [OutboundRequest] { log.withLock { $0 } }
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.url)" } }

    func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
        if let refusal = request.refusal() { throw refusal }
        let number = log.withLock { log in
            log.append(request)
            return log.count - 1
        }
        let reply = answer(request, number)
        if reply.status == 0, let failure = reply.failure { throw failure }
        let head = ResponseHead(status: reply.status, headers: reply.headers, url: reply.url ?? request.url)
        try sink.receive(head: head)
        // In two pieces, so that nobody counts on one.
        let middle = reply.body.count / 2
        for part in [reply.body[..<middle], reply.body[middle...]] where !part.isEmpty && request.method != .head {
            try part.withUnsafeBytes { try sink.receive($0) }
        }
        if let failure = reply.failure { throw failure }
        return head
    }
}

/// A clock whose sleeps return at once and move its time on.
final class SkippingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let state = Mutex((now: Duration.zero, sleeps: [Duration]()))

    var now: Instant { Instant(offset: state.withLock { $0.now }) }
    var minimumResolution: Duration { .zero }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(deadline.offset - state.now)
            state.now = max(state.now, deadline.offset)
        }
    }
}

extension RegistryError {
    /// The name of the case.
    var kind: String? { Mirror(reflecting: self).children.first?.label }
}
