import NIOCore
import NIOHTTP1
import Synchronization

/// One connection of a `ScriptedServer`. Confined to its event loop.
final class ScriptedHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let handler: ScriptedServer.Handler
    private let log: SharedLog
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ handler: @escaping ScriptedServer.Handler, _ log: SharedLog) {
        self.handler = handler
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            let request = ScriptedServer.Request(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: body)
            log.value.withLock { $0.requests.append(request) }
            answer(handler(request), to: head, context)
        }
    }

    private func answer(_ response: ScriptedServer.Response, to head: HTTPRequestHead, _ context: ChannelHandlerContext)
    {
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        var end = response.body.count
        switch response.ending {
        case .silent: return
        case .endless: break
        case .closed(let bytes), .stalled(let bytes):
            end = min(end, bytes)
            fallthrough
        case .whole:
            if !headers.contains(name: "Content-Length"), response.status != 204 {
                headers.add(name: "Content-Length", value: String(response.body.count))
            }
        }
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD, end > 0 {
            let part = context.channel.allocator.buffer(bytes: response.body[..<end])
            context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
        }
        switch response.ending {
        case .whole: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .closed:
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.flush()
            context.eventLoop.execute { bound.value.close(promise: nil) }
        case .stalled: context.flush()
        case .endless: sendWithoutEnd(context)
        case .silent: break
        }
    }

    /// Writes the next piece whenever the network took the last one.
    private func sendWithoutEnd(_ context: ChannelHandlerContext) {
        let bytes = 64 << 10
        let part = context.channel.allocator.buffer(repeating: 0x41, count: bytes)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let log = log
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part)))).whenSuccess {
            log.value.withLock { $0.endlessBytesSent += bytes }
            // Not at once: a write that ends immediately would make this call itself until the stack is full.
            bound.eventLoop.execute { bound.value.0.sendWithoutEnd(bound.value.1) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
