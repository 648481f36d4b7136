import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// Policies: what is in force, each version there was, changing them.
struct PolicyRoutes: Sendable {
    let desk: APIDesk

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/policies", .viewer, "Lists the policies in force.", handler: list),
            APIRoute(.post, "/policies", .admin, "Adds a policy.", handler: create),
            APIRoute(.get, "/policies/{id}", .viewer, "One policy.", handler: get),
            APIRoute(.put, "/policies/{id}", .admin, "Makes a new version of a policy, or adds it.", handler: put),
            APIRoute(.delete, "/policies/{id}", .admin, "Takes a policy out of force.", handler: delete),
            APIRoute(.get, "/policies/{id}/versions", .viewer, "Every version that is kept.", handler: versions),
        ]
    }

    // MARK: Reading

    @Sendable private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let reader = QueryReader(request)
        let (after, limit) = (try reader.text("after") ?? "", try reader.limit)
        // Versions lie beside the heads, under `id@version`.
        let heads = try await desk.model.read { db in
            try StoredDocument.list(Topics.policies, limit: Limits.policiesMax * 10, db)
                .filter { !$0.key.contains("@") && $0.key > after }
        }
        let items = try heads.prefix(limit).map { try $0.payload(PolicyRecord.self).policy }
        return try .json(Page(items: items, next: heads.count > limit ? items.last?.id.text : nil))
    }

    @Sendable private func get(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = try Self.id(context)
        guard let policy = try await head(id) else { throw Self.missing }
        return try Self.answer(policy, status: .ok)
    }

    @Sendable private func versions(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let reader = QueryReader(request)
        let before = try reader.integer("after", in: 0...Int.max, default: Int.max)
        let limit = try reader.limit
        let all = try await kept(try Self.id(context))
        guard !all.isEmpty else { throw Self.missing }
        let found = all.sorted { $0.version > $1.version }.filter { $0.version < before }
        let items = Array(found.prefix(limit))
        return try .json(Page(items: items, next: found.count > limit ? items.last.map { String($0.version) } : nil))
    }

    private func head(_ id: PolicyID) async throws -> Policy? {
        try await desk.model.payload(PolicyRecord.self, Topics.policies, id.text)?.policy
    }

    private func kept(_ id: PolicyID) async throws -> [Policy] {
        let records = try await desk.model.documents(
            Topics.policies, prefix: id.text + "@", limit: Limits.policyVersionsMax)
        return try records.map { try $0.payload(PolicyRecord.self).policy }
    }

    private static let missing = ProblemError.notFound("there is no such policy")

    private static func id(_ context: GatewayContext) throws -> PolicyID {
        do { return try PolicyID(context.parameters.get("id") ?? "") } catch {
            throw ProblemError.malformed(error.description, field: "id")
        }
    }

    private static func answer(_ policy: Policy, status: HTTPResponse.Status) throws -> Response {
        try .json(policy, status: status, headers: [.eTag: "\"\(policy.version)\""])
    }

    // MARK: Writing

    @Sendable private func create(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let body = try await JSONBody.read(PolicyRequest.self, from: request)
        guard try await head(body.id) == nil else {
            throw ProblemError.conflict("there is a policy with this id already")
        }
        return try await write(body, before: nil, .absent, request, context)
    }

    @Sendable private func put(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = try Self.id(context)
        let body = try await JSONBody.read(PolicyRequest.self, from: request)
        guard body.id == id else { throw ProblemError.invalid("differs from the id in the path", field: "id") }
        let before = try await head(id)
        let condition = try VersionMatch.condition(request, current: before?.version)
        return try await write(body, before: before, condition, request, context)
    }

    private func write(
        _ body: PolicyRequest, before: Policy?, _ version: Change.Condition.Version, _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        let caller = try context.caller()
        try Self.requireUnscoped(caller)
        var wanted = try PolicyForm.policy(body)
        wanted.version = before?.version ?? 1
        if wanted == before { return try Self.answer(wanted, status: .ok) }
        let reply = try await desk.wish(
            .putPolicy(wanted, under: .init(version)), action: before == nil ? "policy.create" : "policy.update",
            request, caller)
        guard let version = reply?.version else { return try Self.answer(wanted, status: .accepted) }
        wanted.version = version
        let (id, desk) = (wanted.id, desk)
        let shown = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            let head = try await desk.model.payload(PolicyRecord.self, Topics.policies, id.text)
            return (head?.policy.version ?? 0) >= version ? true : nil
        }
        let status: HTTPResponse.Status = before == nil ? .created : .ok
        return try Self.answer(wanted, status: shown == nil ? .accepted : status)
    }

    @Sendable private func delete(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = try Self.id(context)
        let caller = try context.caller()
        try Self.requireUnscoped(caller)
        guard let policy = try await head(id) else { throw Self.missing }
        let version = try VersionMatch.condition(request, current: policy.version)
        let reply = try await desk.wish(
            .deletePolicy(id, under: .init(version)), action: "policy.delete", request, caller)
        let gone = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            try await head(id) == nil ? true : nil
        }
        return Response(status: reply == nil || gone == nil ? .accepted : .noContent)
    }

    /// A policy speaks of images beyond any token's scope.
    private static func requireUnscoped(_ caller: Principal) throws {
        guard caller.isUnscoped else { throw ProblemError.forbidden("only a token without a scope changes policies") }
    }
}

/// From a request to a policy, with what JSON's shape cannot say.
enum PolicyForm {
    static let nameBytesMax = 200
    static let descriptionBytesMax = 4_000
    static let controlsMax = 50
    static let entriesMax = 10_000
    static let patternsMax = 200

    /// - Throws: 422 that names the field.
    static func policy(_ body: PolicyRequest) throws -> Policy {
        guard !body.name.isEmpty, body.name.utf8.count <= nameBytesMax else {
            throw ProblemError.invalid("has 1 to \(nameBytesMax) bytes", field: "name")
        }
        guard (body.description ?? "").utf8.count <= descriptionBytesMax else {
            throw ProblemError.invalid("has more than \(descriptionBytesMax) bytes", field: "description")
        }
        guard (1...controlsMax).contains(body.controls.count) else {
            throw ProblemError.invalid("has 1 to \(controlsMax) controls", field: "controls")
        }
        for (index, control) in body.controls.enumerated() { try check(control, "controls[\(index)]") }
        let scope = body.scope ?? Policy.Scope()
        try check(scope)
        return Policy(
            id: body.id, version: 1, name: body.name, description: body.description, scope: scope,
            controls: body.controls,
            enabled: body.enabled ?? true)
    }

    static func check(_ scope: Policy.Scope) throws {
        guard scope.registries.count <= patternsMax else {
            throw ProblemError.invalid("has more than \(patternsMax) patterns", field: "scope.registries")
        }
        guard scope.repositories.count <= patternsMax else {
            throw ProblemError.invalid("has more than \(patternsMax) patterns", field: "scope.repositories")
        }
    }

    private static func check(_ control: Control, _ field: String) throws {
        func count(_ number: Int, _ name: String) throws {
            guard (1...entriesMax).contains(number) else {
                throw ProblemError.invalid("has 1 to \(entriesMax) entries", field: "\(field).\(name)")
            }
        }
        switch control {
        case .maximumSeverity(let settings):
            guard settings.severity != .unknown else {
                throw ProblemError.invalid("“unknown” is no limit", field: field + ".severity")
            }
        case .blockedAdvisories(let settings):
            try count(settings.ids.count, "ids")
            if let index = settings.ids.firstIndex(where: { $0.isEmpty || $0.utf8.count > 100 }) {
                throw ProblemError.invalid("is no advisory's id", field: "\(field).ids[\(index)]")
            }
        case .blockedPackages(let settings): try count(settings.packages.count, "packages")
        case .notRoot: break
        case .requiredLabels(let settings):
            try count(settings.labels.count, "labels")
            if settings.labels.keys.contains("") {
                throw ProblemError.invalid("a label has a name", field: field + ".labels")
            }
        case .noSecrets(let settings):
            guard settings.except.count <= entriesMax else {
                throw ProblemError.invalid("has more than \(entriesMax) entries", field: "\(field).except")
            }
        }
    }
}
