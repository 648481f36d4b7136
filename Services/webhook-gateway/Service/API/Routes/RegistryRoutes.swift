import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import RegistryAccess
import RegistryClient

/// Registries: what is configured, whether it can be reached, listing it now.
struct RegistryRoutes: Sendable {
    let desk: APIDesk

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
        guard try context.caller().holds(body.name) else { throw Self.notWhole }
        guard desk.directory.registry(body.name) == nil else {
            throw ProblemError.conflict("there is a registry of this name already")
        }
        return try await write(body, before: nil, .absent, request, context)
    }

    @Sendable private func put(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try Self.name(context)
        let body = try await JSONBody.read(RegistryRequest.self, from: request)
        guard body.name == name else { throw ProblemError.invalid("differs from the name in the path", field: "name") }
        let before = desk.directory.registry(name)
        let condition = try VersionMatch.condition(request, current: before?.version)
        return try await write(body, before: before, condition, request, context)
    }

    private func write(
        _ body: RegistryRequest, before: Registry?, _ version: Change.Condition.Version, _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        let caller = try context.caller()
        guard caller.holds(body.name) else { throw Self.notWhole }
        if body.credential != nil || body.removesCredential, caller.role != .admin {
            throw ProblemError(.forbidden, "only an admin sets or removes a registry's credential", field: "credential")
        }
        // A certificate of ours is a credential, too, if it is another than before.
        let files = [
            ("clientCertificateFile", body.clientCertificateFile, before?.clientCertificateFile),
            ("clientKeyFile", body.clientKeyFile, before?.clientKeyFile),
        ]
        for (field, file, old) in files where file != nil && file != old && caller.role != .admin {
            throw ProblemError(.forbidden, "only an admin sets a registry's client certificate", field: field)
        }
        let form = RegistryForm(sealer: desk.sealer, plainHTTP: desk.plainHTTP)
        let wanted = try form.registry(body, before: before)
        if let before, before.credential != nil, caller.role != .admin, wanted.isTrustedEasier(than: before) {
            throw ProblemError(
                .forbidden, "only an admin sets whose certificates are believed while there is a credential",
                field: body.skipTLSVerification == true ? "skipTLSVerification" : "caFile")
        }
        // A sealed credential has a new nonce each time, so one that is given again is a change.
        if let before, wanted == before { return try await answer(before, status: .ok, context) }
        let condition = RegistryForm.condition(version, body, caller)
        let reply = try await desk.wish(
            .putRegistry(wanted, under: condition), action: before == nil ? "registry.create" : "registry.update",
            detail: wanted.url, request, caller)
        guard let version = reply?.version else { return try await answer(wanted, status: .accepted, context) }
        let shown = try await desk.shown { directory -> Registry? in
            guard let found = directory.registry(wanted.name), found.version >= version else { return nil }
            return found
        }
        guard let shown else { return try await answer(wanted, status: .accepted, context) }
        return try await answer(shown, status: version == 1 ? .created : .ok, context)
    }

    @Sendable private func delete(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let registry = try wholeRegistry(context)
        let version = try VersionMatch.condition(request, current: registry.version)
        let reply = try await desk.wish(
            .deleteRegistry(registry.name, under: .init(version)), action: "registry.delete", request,
            try context.caller())
        let gone = try await desk.shown { $0.registry(registry.name) == nil ? true : nil }
        return Response(status: reply == nil || gone == nil ? .accepted : .noContent)
    }

    // MARK: Doing

    @Sendable private func test(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let registry = try registry(context)
        let clients = desk.clients
        return try .json(
            try await ConnectionTest(time: desk.time).answer(for: registry) {
                try await clients.unkeptClient(for: registry).ping()
            })
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
