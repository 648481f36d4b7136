import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// A request that is not served, as its sender is told: a problem document (RFC 9457).
struct ProblemError: Error, Equatable {
    let status: HTTPResponse.Status
    let detail: String?
    /// The field of the request that was wrong, such as `controls[0].severity`.
    let field: String?
    let headers: HTTPFields

    init(_ status: HTTPResponse.Status, _ detail: String?, field: String? = nil, headers: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.field = field
        self.headers = headers
    }

    /// 400: not what the route reads.
    static func malformed(_ detail: String, field: String? = nil) -> ProblemError {
        ProblemError(.badRequest, detail, field: field)
    }

    /// 422: readable, but not acceptable.
    static func invalid(_ detail: String, field: String) -> ProblemError {
        ProblemError(.unprocessableContent, detail, field: field)
    }

    static func invalid(_ error: ParseError, field: String) -> ProblemError {
        ProblemError(.unprocessableContent, error.description, field: field)
    }

    static func unauthorized(_ detail: String) -> ProblemError {
        ProblemError(.unauthorized, detail, headers: [.wwwAuthenticate: "Bearer realm=\"pratique\""])
    }

    static func forbidden(_ detail: String) -> ProblemError { ProblemError(.forbidden, detail) }
    static func notFound(_ detail: String) -> ProblemError { ProblemError(.notFound, detail) }
    static func conflict(_ detail: String) -> ProblemError { ProblemError(.conflict, detail) }

    static func wrongMethod(allowed: [HTTPRequest.Method]) -> ProblemError {
        let names = Set(allowed.map(\.rawValue)).sorted().joined(separator: ", ")
        return ProblemError(.methodNotAllowed, "this resource knows \(names)", headers: [.allow: names])
    }

    static func tooLarge(_ detail: String) -> ProblemError { ProblemError(.contentTooLarge, detail) }

    /// 503: the same request may be served later.
    static func unavailable(_ detail: String, retryAfter: Int = 5) -> ProblemError {
        ProblemError(.serviceUnavailable, detail, headers: [.retryAfter: String(retryAfter)])
    }

    var response: Response {
        let problem = Problem(title: status.reasonPhrase, status: status.code, detail: detail, field: field)
        // A problem has only texts and a number: it always encodes.
        let body = (try? JSONFormat.encode(problem)) ?? Data()
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
