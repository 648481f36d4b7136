import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// Tokens: who may come in. The text of a token is answered once, when it is made.
struct TokenRoutes: Sendable {
    let desk: APIDesk

    static let nameBytesMax = 100
    static let daysMax = 3_650

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/me", .viewer, "What this token is and may.", handler: me),
            APIRoute(.get, "/tokens", .admin, "Lists tokens, without their texts.", handler: list),
            APIRoute(.post, "/tokens", .admin, "Makes a token; the only answer that shows its text.", handler: create),
            APIRoute(.delete, "/tokens/{id}", .admin, "Revokes a token.", handler: revoke),
        ]
    }

    @Sendable private func me(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let token = desk.directory.token(try context.caller().id) else {
            throw ProblemError.notFound("it is revoked")
        }
        return try .json(TokenSummary(token))
    }

    @Sendable private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try Self.requireUnscoped(try context.caller())
        let reader = QueryReader(request)
        let (after, limit) = (try reader.text("after") ?? "", try reader.limit)
        let found = desk.directory.tokens.filter { $0.id > after }
        let items = found.prefix(limit).map { TokenSummary($0) }
        return try .json(Page(items: items, next: found.count > limit ? items.last?.id : nil))
    }

    @Sendable private func create(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        try Self.requireUnscoped(caller)
        let body = try await JSONBody.read(TokenRequest.self, from: request)
        let token = AccessToken.random()
        let record = try self.record(body, token)
        let wishes = try await desk.writer.submit(
            [.init(.putToken(record), action: "token.create", detail: "\(record.name), role \(record.role.rawValue)")],
            by: caller.actor, trace: TraceParent.from(request.headers[.traceparent]))
        let desk = desk
        let shown = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            try await desk.model.refreshDirectory()
            // There is no reply but a refusal: the id is nobody else's.
            let reply = try await desk.model.payload(Reply.self, Topics.replies, wishes[0])
            if let reply, let refusal = reply.refusal { throw ProblemError(refusal, reply.message) }
            return desk.directory.token(record.id) == nil ? nil : true
        }
        return try .json(
            NewToken(id: token.id, token: token.exposed), status: shown == nil ? .accepted : .created)
    }

    private func record(_ body: TokenRequest, _ token: AccessToken) throws -> TokenRecord {
        guard !body.name.isEmpty, body.name.utf8.count <= Self.nameBytesMax,
            body.name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { throw ProblemError.invalid("has 1 to \(Self.nameBytesMax) bytes", field: "name") }
        guard let role = TokenRecord.Role(rawValue: body.role) else {
            let names = TokenRecord.Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw ProblemError.invalid("is one of \(names)", field: "role")
        }
        if let days = body.expiresInDays, !(1...Self.daysMax).contains(days) {
            throw ProblemError.invalid("is a number from 1 to \(Self.daysMax)", field: "expiresInDays")
        }
        let scope = body.scope ?? Policy.Scope()
        try PolicyForm.check(scope)
        let now = desk.time.now().milliseconds
        return TokenRecord(
            id: token.id, name: body.name, role: role, scope: scope, hash: token.hash, createdAt: now,
            expiresAt: body.expiresInDays.map { now.addingTimeInterval(Double($0) * 86_400).milliseconds })
    }

    @Sendable private func revoke(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        try Self.requireUnscoped(caller)
        guard let id = context.parameters.get("id"), desk.directory.token(id) != nil else {
            throw ProblemError.notFound("there is no such token")
        }
        try await desk.writer.submit(
            [.init(.revokeToken(id: id), action: "token.revoke")], by: caller.actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        let desk = desk
        let gone = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            try await desk.model.refreshDirectory()
            return desk.directory.token(id) == nil ? true : nil
        }
        return Response(status: gone == nil ? .accepted : .noContent)
    }

    /// A scoped admin could otherwise make itself a token without a scope.
    private static func requireUnscoped(_ caller: Principal) throws {
        guard caller.isUnscoped else { throw ProblemError.forbidden("only a token without a scope manages tokens") }
    }
}
