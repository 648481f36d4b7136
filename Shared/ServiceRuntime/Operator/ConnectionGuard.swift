import HTTPTypes
package import NIOCore
package import NIOHTTPTypes

/// Keeps one HTTP/1.1 connection from being held by whoever sends or reads slowly, or not at all.
///
/// * From one request's end to the next one's head at most `idle` passes, also when the head comes byte by byte.
/// * From a head to the end of its body at most `body`.
/// * What is written is taken within `stall`.
/// * An answer that comes before the end of the body, such as 401 or 413, ends the connection: the rest of the body is
///   thrown away for `linger` at most, so that the client can read the answer, and is then cut off.
///
/// The framework would read the rest of such a body to its end, however long that is.
package final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    package struct Limits: Sendable {
        package var idle = TimeAmount.seconds(120)
        package var body = TimeAmount.seconds(30)
        /// Paths whose bodies may take longer.
        package var longBodies: [String: TimeAmount] = [:]
        package var stall = TimeAmount.seconds(30)
        package var linger = TimeAmount.seconds(2)
        package var lingerBytesMax = 8 << 20
        /// What is left of `body` and `stall` when the listener is asked to stop.
        package var farewell = TimeAmount.seconds(5)

        package init(longBodies: [String: TimeAmount] = [:]) { self.longBodies = longBodies }

        func body(of request: HTTPRequest) -> TimeAmount {
            let path = request.path?.prefix { $0 != "?" } ?? ""
            return longBodies[String(path)] ?? body
        }
    }

    private let limits: Limits
    /// Requests whose answer has not ended.
    private var unanswered = 0
    /// A head came, and the end of its body did not.
    private var isReading = false
    private var isLingering = false
    private var isStopping = false
    private var lingeredBytes = 0
    /// For the next head or the end of the body.
    private var reading: Scheduled<Void>?
    private var writing: Scheduled<Void>?

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package func handlerAdded(context: ChannelHandlerContext) { reading = close(in: limits.idle, context) }

    package func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    package func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    // MARK: Reading

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isLingering { return drop(part, context) }
        switch part {
        case .head(let request):
            unanswered += 1
            isReading = true
            reading?.cancel()
            reading = close(in: isStopping ? limits.farewell : limits.body(of: request), context)
        case .body: break
        case .end:
            isReading = false
            reading?.cancel()
            reading = nil
        }
        context.fireChannelRead(data)
    }

    private func drop(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .body(let bytes):
            lingeredBytes += bytes.readableBytes
            if lingeredBytes > limits.lingerBytesMax { context.close(promise: nil) }
        case .head, .end: context.close(promise: nil)
        }
    }

    // MARK: Writing

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var response) where isUnfinished && response.status.kind != .informational:
            response.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(response)), promise: promise)
        case .head, .body: context.write(data, promise: promise)
        case .end:
            let cutsOff = isUnfinished
            unanswered -= 1
            if cutsOff { return writeLast(data, promise, context) }
            context.write(data, promise: promise)
            if unanswered == 0, !isReading {
                reading?.cancel()
                reading = close(in: limits.idle, context)
            }
        }
    }

    /// Whether the request that is answered now has not ended.
    private var isUnfinished: Bool { isReading && unanswered == 1 }

    private func writeLast(_ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        isLingering = true
        reading?.cancel()
        reading = close(in: limits.linger, context)
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenSuccess { channel.close(mode: .output, promise: nil) }
        context.write(data, promise: written)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        writing = context.channel.isWritable ? nil : close(in: isStopping ? limits.farewell : limits.stall, context)
        context.fireChannelWritabilityChanged()
    }

    // MARK: Ending

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isStopping = true
            if isReading {
                reading?.cancel()
                reading = close(in: limits.farewell, context)
            }
            if writing != nil {
                writing?.cancel()
                writing = close(in: limits.farewell, context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func close(in time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(mode: .all, promise: nil) }
    }

    private func cancel() {
        reading?.cancel()
        writing?.cancel()
        (reading, writing) = (nil, nil)
    }
}
