import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import ServiceRuntime

@Suite("A connection that is slow or silent is closed")
struct ConnectionGuardTests {
    private let limits = ConnectionGuard.Limits(longBodies: ["/long": .seconds(300)])

    private func open() throws -> (EmbeddedChannel, EmbeddedEventLoop) {
        let channel = EmbeddedChannel(handlers: [HalfClosed(), ConnectionGuard(limits)])
        try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, channel.embeddedEventLoop)
    }

    private func send(_ part: HTTPRequestPart, _ channel: EmbeddedChannel) throws {
        try channel.writeInbound(part)
    }

    private func request(_ path: String = "/") -> HTTPRequestPart {
        .head(HTTPRequest(method: .post, scheme: "http", authority: "a", path: path))
    }

    private func answer(_ status: HTTPResponse.Status, _ channel: EmbeddedChannel) throws -> HTTPResponse {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: status)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        guard case .head(let head)? = try channel.readOutbound(as: HTTPResponsePart.self) else { throw Missing() }
        return head
    }

    private struct Missing: Error {}

    /// The embedded channel knows no half-closed state: this one notes it in its place.
    private final class HalfClosed: ChannelOutboundHandler {
        typealias OutboundIn = HTTPResponsePart
        private(set) var isHalfClosed = false

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            guard mode == .output else { return context.close(mode: mode, promise: promise) }
            isHalfClosed = true
            promise?.succeed()
        }
    }

    @Test("when no head comes, at first or after an answer")
    func idle() throws {
        var (channel, loop) = try open()
        loop.advanceTime(by: limits.idle)
        #expect(!channel.isActive)
        (channel, loop) = try open()
        try send(request(), channel)
        try send(.end(nil), channel)
        loop.advanceTime(by: limits.idle)
        #expect(channel.isActive, "the answer may take its time")
        #expect(try answer(.ok, channel).headerFields[.connection] == nil)
        loop.advanceTime(by: limits.idle)
        #expect(!channel.isActive)
    }

    @Test("when a body does not end, however it dribbles", arguments: ["/", "/long?wait=1"])
    func body(path: String) throws {
        let (channel, loop) = try open()
        try send(request(path), channel)
        let limit = path == "/" ? limits.body : TimeAmount.seconds(300)
        loop.advanceTime(by: limit - .seconds(1))
        try send(.body(ByteBuffer(string: "x")), channel)
        #expect(channel.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("when it was answered before its body ended: soon, and after so many bytes")
    func early() throws {
        for ends in ["time", "bytes", "end"] {
            let (channel, loop) = try open()
            try send(request(), channel)
            #expect(try answer(.contentTooLarge, channel).headerFields[.connection] == "close")
            let piece = ByteBuffer(repeating: 0, count: limits.lingerBytesMax)
            #expect(channel.isActive)
            #expect(try channel.pipeline.syncOperations.handler(type: HalfClosed.self).isHalfClosed)
            switch ends {
            case "time": loop.advanceTime(by: limits.linger)
            case "bytes":
                try send(.body(piece), channel)
                try send(.body(ByteBuffer(string: "x")), channel)
            default: try send(.end(nil), channel)
            }
            #expect(!channel.isActive, "\(ends)")
        }
    }

    @Test("a request that was sent behind another is not cut off by that one's answer")
    func pipelined() throws {
        let (channel, _) = try open()
        try send(request(), channel)
        try send(.end(nil), channel)
        try send(request(), channel)
        #expect(try answer(.ok, channel).headerFields[.connection] == nil)
        try send(.end(nil), channel)
        #expect(channel.isActive)
    }

    @Test("when nobody reads what is written, and sooner when the listener stops")
    func stall() throws {
        for stops in [false, true] {
            let (channel, loop) = try open()
            channel.isWritable = false
            channel.pipeline.fireChannelWritabilityChanged()
            if stops { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            let limit = stops ? limits.farewell : limits.stall
            loop.advanceTime(by: limit - .seconds(1))
            #expect(channel.isActive)
            loop.advanceTime(by: .seconds(1))
            #expect(!channel.isActive)
        }
    }

    @Test("a body that does not end does not hold up a stop")
    func stopping() throws {
        let (channel, loop) = try open()
        try send(request("/long"), channel)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        loop.advanceTime(by: limits.farewell)
        #expect(!channel.isActive)
    }
}
