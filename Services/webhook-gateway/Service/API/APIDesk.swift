import EventLogPort
import Events
import Foundation
import HTTPTypes
import Hummingbird
import Model
import RegistryAccess
import ServiceRuntime

/// What the routes of the API work with.
struct APIDesk: Sendable {
    let model: ReadModel
    let writer: ChangeWriter
    let clients: RegistryClients
    let sealer: CredentialSealer
    let plainHTTP: PlainHTTPRule
    let time: TimeSource

    var directory: AccessDirectory { model.directory }

    /// - Throws: 503 until the read model has caught up: an old answer could pass for a current one.
    func requireReady() throws {
        guard model.isReady else {
            throw ProblemError.unavailable("the service is still reading the log", retryAfter: 2)
        }
    }
}

extension APIDesk {
    /// Sends a wish into the log and waits for what the catalogue makes of it.
    /// - Returns: the reply; nil when that takes longer than `Limits.configurationWait`. The wish is durable then, too.
    /// - Throws: 409, 412 or 422 when the catalogue refuses it.
    func wish(
        _ change: Change, action: String, detail: String = "", _ request: Request, _ caller: Principal
    ) async throws -> Reply? {
        let ids = try await writer.submit(
            [.init(change, action: action, detail: detail)], by: caller.actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        let reply = try await model.wait(within: Limits.configurationWait) { () -> Reply? in
            try await model.payload(Reply.self, Topics.replies, ids[0])
        }
        guard let refusal = reply?.refusal else { return reply }
        throw ProblemError(refusal, reply?.message ?? "")
    }

    /// Waits until an answer is shown, for callers that got the reply already.
    func shown<T: Sendable>(_ answer: @escaping @Sendable (AccessDirectory) -> T?) async throws -> T? {
        try await model.wait(within: Limits.configurationWait) { () -> T? in
            try await model.refreshDirectory()
            return answer(directory)
        }
    }
}

extension ProblemError {
    init(_ refusal: Reply.Refusal, _ reason: String) {
        switch refusal {
        case .exists: self = .conflict(reason)
        case .changed, .missing: self.init(.preconditionFailed, reason)
        case .tooMany: self.init(.unprocessableContent, reason)
        }
    }
}

/// One route: its method, its template, whom it lets in, what it does.
struct APIRoute: Sendable {
    typealias Handler = @Sendable (Request, GatewayContext) async throws -> Response

    let method: HTTPRequest.Method
    /// Below `/api/v1`.
    let path: String
    let need: Need
    /// For the reference page.
    let summary: String
    let handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ need: Need, _ summary: String, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.need = need
        self.summary = summary
        self.handler = handler
    }
}

/// The table of all routes of the API, from which the router and the reference page are made.
enum APIRoutes {
    static let base = "/api/v1"

    static func all(_ desk: APIDesk, _ events: EventHub) -> [APIRoute] {
        ImageRoutes(desk: desk).routes + RegistryRoutes(desk: desk).routes + InventoryRoutes(desk: desk).routes
            + PolicyRoutes(desk: desk).routes + TokenRoutes(desk: desk).routes + SettingsRoutes(desk: desk).routes
            + CommandRoutes(desk: desk).routes + DeadLetterRoutes(desk: desk).routes
            + WatchRoutes(desk: desk).routes + EventRoutes(desk: desk, hub: events).routes
    }

    /// Adds the routes with their checks: who asks, whether they may, whether the read model is ready.
    static func add(_ routes: [APIRoute], _ desk: APIDesk, to router: Router<GatewayContext>) {
        for route in routes {
            router.on(RouterPath(base + route.path), method: route.method) { request, context in
                var context = context
                let principal = try desk.directory.authenticate(request.headers[.authorization], at: desk.time.now())
                guard route.need.isMet(by: principal.role) else {
                    throw ProblemError.forbidden("a token with the role \(principal.role.rawValue) may not do this")
                }
                try desk.requireReady()
                context.principal = principal
                return try await route.handler(request, context)
            }
        }
    }
}

/// Which hosts may be registered with `http:`: the operator's list, never by who configures a registry.
struct PlainHTTPRule: Sendable {
    private let hosts: Set<String>
    private let all: Bool

    /// - Parameter hosts: names or addresses; `*` allows plain HTTP everywhere.
    init(allowing hosts: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() })
        all = hosts.contains("*")
    }

    func allows(_ host: String) -> Bool { all || hosts.contains(host.lowercased()) }
}
