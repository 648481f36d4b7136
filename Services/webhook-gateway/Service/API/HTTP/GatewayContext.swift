import Hummingbird
import NIOCore

/// What a request carries through the middleware: who asks, once that is known.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, for answers that may have to be cut off.
    let channel: any Channel
    /// Set by the route's own check; nil on routes that anyone may call.
    var principal: Principal?

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// - Throws: 500 when a route asks for a caller without having demanded one: a mistake in the table of routes.
    func caller() throws -> Principal {
        guard let principal else { throw ProblemError(.internalServerError, nil) }
        return principal
    }
}
