import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import RegistryAccess
import RegistryClient
import ServiceRuntime

/// Registries: what is configured, whether it can be reached, listing it now.
struct RegistryRoutes: Sendable {
    let desk: APIDesk

    /// How long a test of a connection may take.
    static let testWait = Duration.seconds(20)

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/registries", .viewer, "Lists registries.", handler: list),
            APIRoute(.post, "/registries", .operator, "Adds a registry.", handler: create),
            APIRoute(.get, "/registries/{name}", .viewer, "One registry.", handler: get),
            APIRoute(.put, "/registries/{name}", .operator, "Changes a registry, or adds it.", handler: put),
            APIRoute(
                .delete, "/registries/{name}", .admin, "Removes a registry from the configuration.", handler: delete),
            APIRoute(
                .post, "/registries/{name}/test", .operator, "Asks the registry whether it answers.", handler: test),
            APIRoute(.post, "/registries/{name}/enumerate", .operator, "Lists the registry now.", handler: enumerate),
            APIRoute(.post, "/registries/{name}/rescan", .operator, "Scans its images again.", handler: rescan),
        ]
    }

    // MARK: Reading

    @Sendable private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        let reader = QueryReader(request)
        let (after, limit) = (try reader.text("after") ?? "", try reader.limit)
        let seen = desk.directory.registries.filter { caller.sees($0.name) && $0.name.text > after }
        let counts = try await desk.model.imageCounts(caller.scope)
        var items: [RegistrySummary] = []
        for registry in seen.prefix(limit) { items.append(try await summary(registry, counts, for: caller)) }
        return try .json(Page(items: items, next: seen.count > limit ? items.last?.name.text : nil))
    }

    @Sendable private func get(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try await answer(try registry(context), status: .ok, context)
    }

    /// For what concerns the registry as a whole.
    private func wholeRegistry(_ context: GatewayContext) throws -> Registry {
        let registry = try registry(context)
        guard try context.caller().holds(registry.name) else { throw Self.notWhole }
        return registry
    }

    private static let notWhole = ProblemError.forbidden(
        "this wants a token whose scope holds the registry with all of its repositories")

    private func registry(_ context: GatewayContext) throws -> Registry {
        let name = try Self.name(context)
        guard try context.caller().sees(name), let registry = desk.directory.registry(name) else {
            throw ProblemError.notFound("there is no such registry")
        }
        return registry
    }

    private static func name(_ context: GatewayContext) throws -> RegistryName {
        do { return try RegistryName(context.parameters.get("name") ?? "") } catch {
            throw ProblemError.malformed(error.description, field: "name")
        }
    }

    private func answer(
        _ registry: Registry, status: HTTPResponse.Status, _ context: GatewayContext
    ) async throws -> Response {
        let caller = try context.caller()
        let counts = try await desk.model.imageCounts(caller.scope)
        return try .json(
            try await summary(registry, counts, for: caller), status: status,
            headers: [.eTag: "\"\(registry.version)\""])
    }

    /// With the newest enumeration that any instance reports. Its problems name repositories, so they are told only to
    /// whom all of them are in scope.
    private func summary(
        _ registry: Registry, _ counts: [String: Int], for caller: Principal
    ) async throws -> RegistrySummary {
        let records = try await desk.model.documents(
            Topics.registryStatus, prefix: registry.name.text + "/", limit: 20)
        var newest = try records.compactMap { try $0.payload(RegistryStatusRecord.self).enumeration }
            .max { $0.startedAt < $1.startedAt }
        if !caller.holds(registry.name) { newest?.problems = [] }
        return RegistrySummary(
            registry: registry, images: counts[registry.name.text] ?? 0, lastEnumeration: newest.map { .init($0) })
    }

    // MARK: Writing

    @Sendable private func create(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let body = try await JSONBody.read(RegistryRequest.self, from: request)
        guard desk.directory.registry(body.name) == nil else {
            throw ProblemError.conflict("there is a registry of this name already")
        }
        return try await write(body, before: nil, request, context)
    }

    @Sendable private func put(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try Self.name(context)
        let body = try await JSONBody.read(RegistryRequest.self, from: request)
        guard body.name == name else { throw ProblemError.invalid("differs from the name in the path", field: "name") }
        let before = desk.directory.registry(name)
        try VersionMatch.check(request, current: before?.version)
        return try await write(body, before: before, request, context)
    }

    private func write(
        _ body: RegistryRequest, before: Registry?, _ request: Request, _ context: GatewayContext
    ) async throws -> Response {
        let caller = try context.caller()
        guard caller.holds(body.name) else { throw Self.notWhole }
        if body.credential != nil, caller.role != .admin {
            throw ProblemError(.forbidden, "only an admin sets a registry's credential", field: "credential")
        }
        // A certificate of ours is a credential, too, if it is another than before.
        if let file = body.clientCertificateFile, file != before?.clientCertificateFile, caller.role != .admin {
            throw ProblemError(
                .forbidden, "only an admin sets a registry's client certificate", field: "clientCertificateFile")
        }
        let form = RegistryForm(sealer: desk.sealer, plainHTTP: desk.plainHTTP)
        var wanted = try form.registry(body, before: before)
        wanted.version = before?.version ?? 1
        // A sealed credential has a new nonce each time, so one that is given again is a change.
        if wanted == before { return try await answer(wanted, status: .ok, context) }
        wanted.version = (before?.version ?? 0) + 1
        try await desk.writer.submit(
            [
                .init(
                    .putRegistry(wanted), action: before == nil ? "registry.create" : "registry.update",
                    detail: wanted.url)
            ],
            by: caller.actor, trace: TraceParent.from(request.headers[.traceparent]))
        let target = wanted
        let desk = desk
        let shown = try await desk.model.wait(within: Limits.configurationWait) { () -> Registry? in
            try await desk.model.refreshDirectory()
            guard let found = desk.directory.registry(target.name), found.version >= target.version else { return nil }
            return found
        }
        guard var shown else { return try await answer(target, status: .accepted, context) }
        let version = shown.version
        shown.version = target.version
        guard shown == target else {
            throw ProblemError.conflict("somebody else changed the registry at the same time")
        }
        shown.version = version
        return try await answer(shown, status: before == nil ? .created : .ok, context)
    }

    @Sendable private func delete(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let registry = try wholeRegistry(context)
        try VersionMatch.check(request, current: registry.version)
        try await desk.writer.submit(
            [.init(.deleteRegistry(registry.name), action: "registry.delete")], by: try context.caller().actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        let desk = desk
        let gone = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            try await desk.model.refreshDirectory()
            return desk.directory.registry(registry.name) == nil ? true : nil
        }
        return Response(status: gone == nil ? .accepted : .noContent)
    }

    // MARK: Doing

    /// Errors of the registry are the answer, not an error of this request.
    @Sendable private func test(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let registry = try registry(context)
        let clients = desk.clients
        do {
            try await desk.time.withDeadline(Self.testWait) { try await clients.unkeptClient(for: registry).ping() }
            let way = registry.credential == nil ? "without a credential" : "with its credential"
            return try .json(
                ConnectionTestAnswer(reachable: true, authenticated: true, message: "the registry answers \(way)"))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let failure = RegistryFailure.failure(of: error, attempt: 1, now: desk.time.now())
            let answered = failure.kind == .unauthorized && error is RegistryError
            return try .json(
                ConnectionTestAnswer(reachable: answered, authenticated: false, message: failure.message))
        }
    }

    @Sendable private func enumerate(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try wholeRegistry(context).name
        return try await CommandRoutes(desk: desk).run(
            .enumerate(name), to: Topics.enumeratorCommands, subject: name.text, detail: "", request, context)
    }

    @Sendable private func rescan(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try wholeRegistry(context).name
        let caller = try context.caller()
        try await desk.writer.submit(
            [.init(.rescan(.init(registry: name, reason: "actor \(caller.actor)")), action: "registry.rescan")],
            by: caller.actor, trace: TraceParent.from(request.headers[.traceparent]))
        return Response(status: .accepted)
    }
}

/// `If-Match` with the version that `ETag` told: an update of something older is refused.
enum VersionMatch {
    static func check(_ request: Request, current: Int?) throws {
        guard let header = request.headers[.ifMatch] else { return }
        if header == "*" {
            guard current != nil else { throw ProblemError(.preconditionFailed, "it does not exist") }
            return
        }
        let wanted = header.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\"" } }
        guard let current, wanted.contains(String(current)) else {
            throw ProblemError(
                .preconditionFailed, "it was changed meanwhile; its version is \(current.map(String.init) ?? "none")")
        }
    }
}
