import EventLogPort
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore
import NIOHTTP1
import RegistryAccess
import ServiceRuntime

/// Turns whatever a handler throws into a problem document, counts and times the request under its route's template.
struct ProblemMiddleware: RouterMiddleware {
    let listener: String
    let methods: RouteMethods
    let measures: RequestMeasures
    let time: TimeSource

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        let response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection is broken: the server answers and closes it.
            throw error
        } catch {
            response = problem(for: error, request, context).response
        }
        measures.record(
            listener: listener, route: route(context), method: request.method, status: response.status,
            duration: ContinuousClock.now - started)
        return response
    }

    private func route(_ context: GatewayContext) -> String {
        switch context.endpointPath {
        case nil, "NotFound"?: "none"
        case let path?: path
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: GatewayContext) -> ProblemError {
        switch error {
        case let error as ProblemError: return error
        case is NIOTooManyBytesError: return .tooLarge("the body is larger than this route takes")
        case let error as HTTPError where error.status == .notFound:
            let allowed = methods.allowed(at: request.uri.path)
            return allowed.isEmpty ? .notFound("there is no such resource") : .wrongMethod(allowed: allowed)
        case let error as HTTPError: return ProblemError(error.status, error.body)
        case let error as EventLogError where error.isTransient:
            return .unavailable("the log cannot be reached; nothing is known to be lost, ask again")
        case is DeadlineExceeded: return .unavailable("the log takes too long to answer; ask again")
        case is CancellationError: return .unavailable("the service is stopping; ask again")
        default:
            context.logger.error(
                "request failed",
                metadata: [
                    "http.route": "\(route(context))", "http.method": "\(request.method)",
                    "error.chain": "\(ErrorReport(error).chain)",
                ])
            return ProblemError(.internalServerError, "this should not happen; the log of the service says more")
        }
    }
}

/// Which methods each path knows: Hummingbird answers 404 where 405 is due.
struct RouteMethods: Sendable {
    private(set) var routes: [(path: RouterPath, method: HTTPRequest.Method)] = []

    mutating func add(_ path: RouterPath, _ method: HTTPRequest.Method) { routes.append((path, method)) }

    func allowed(at path: String) -> [HTTPRequest.Method] {
        let components = path.split(separator: "/", omittingEmptySubsequences: true)
        return routes.filter { Self.matches($0.path, components) }.map(\.method)
    }

    private static func matches(_ path: RouterPath, _ components: [Substring]) -> Bool {
        let elements = path.components
        if elements.last?.description == "**" {
            guard components.count >= elements.count else { return false }
        } else {
            guard components.count == elements.count else { return false }
        }
        return zip(elements, components).allSatisfy { $0 ~= $1 }
    }
}
