import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import HTTPTypes
import Hummingbird
import Model

/// What other services do on demand: cleanup, advisories, listing a registry; and how it fares.
struct CommandRoutes: Sendable {
    let desk: APIDesk

    static let originBytesMax = 2_000
    static let keepNewestMax = 100_000

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/replies/{id}", .operator, "How a command fares.", handler: reply),
            APIRoute(.post, "/cleanup/preview", .operator, "What a cleanup rule would remove.", handler: preview),
            APIRoute(
                .post, "/cleanup/apply", .operator, "Removes what the rule takes, into the trash.", handler: apply),
            APIRoute(.post, "/cleanup/restore", .operator, "Brings images back from the trash.", handler: restore),
            APIRoute(.get, "/advisories/status", .viewer, "The generation in force.", handler: status),
            APIRoute(.post, "/advisories/import", .operator, "Imports advisories.", handler: importAdvisories),
            APIRoute(
                .post, "/advisories/activate", .operator, "Puts an earlier generation in force.", handler: activate),
        ]
    }

    // MARK: Passing on

    /// Sends a command and waits for its end as long as the caller asks to.
    func run(
        _ action: Command.Action, to topic: Topic, subject: String, detail: String, _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        let caller = try context.caller()
        let wait = try QueryReader(request).wait()
        let command = try await desk.writer.command(
            action, to: topic, subject: subject, by: caller.actor, detail: detail,
            trace: TraceParent.from(request.headers[.traceparent]))
        let accepted = CommandAnswer(id: command.id, state: .accepted, message: Reply.acceptance)
        let answer = try await answer(command.id, caller, within: wait) ?? accepted
        return try Self.response(answer)
    }

    private static func response(_ answer: CommandAnswer) throws -> Response {
        try .json(
            answer, status: answer.hasEnded ? .ok : .accepted,
            headers: [.location: "\(APIRoutes.base)/replies/\(answer.id)"])
    }

    /// The end of the command, or what is known of it when the time is over; nil where nothing is.
    private func answer(_ id: String, _ caller: Principal, within wait: Duration) async throws -> CommandAnswer? {
        let ended = try await desk.model.wait(within: wait) { () -> CommandAnswer? in
            let answer = try await self.current(id, caller)
            return answer?.hasEnded == true ? answer : nil
        }
        if let ended { return ended }
        return try await current(id, caller)
    }

    private func current(_ id: String, _ caller: Principal) async throws -> CommandAnswer? {
        try await desk.model.payload(Reply.self, Topics.replies, id).map { CommandAnswer($0, for: caller) }
    }

    @Sendable private func reply(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let id = context.parameters.get("id") ?? ""
        let wait = try QueryReader(request).wait()
        guard let answer = try await answer(id, try context.caller(), within: wait) else {
            throw ProblemError.notFound("there is no such command, or it is older than a week")
        }
        return try Self.response(answer)
    }

    // MARK: Cleanup

    @Sendable private func preview(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let rule = try await rule(request, context)
        return try await run(
            .previewCleanup(rule), to: Topics.cleanupCommands, subject: rule.registry.text, detail: "preview", request,
            context)
    }

    @Sendable private func apply(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let rule = try await rule(request, context)
        return try await run(
            .applyCleanup(rule), to: Topics.cleanupCommands, subject: rule.registry.text,
            detail: "apply, keep the newest \(rule.keepNewest)", request, context)
    }

    private func rule(_ request: Request, _ context: GatewayContext) async throws -> CleanupRule {
        let caller = try context.caller()
        let body = try await JSONBody.read(CleanupRequest.self, from: request)
        guard caller.sees(body.registry), desk.directory.registry(body.registry) != nil else {
            throw ProblemError.invalid("there is no such registry", field: "registry")
        }
        guard (1...Self.keepNewestMax).contains(body.keepNewest) else {
            throw ProblemError.invalid("is a number from 1 to \(Self.keepNewestMax)", field: "keepNewest")
        }
        let repositories = body.repositories ?? []
        guard repositories.count <= PolicyForm.patternsMax else {
            throw ProblemError.invalid("has more than \(PolicyForm.patternsMax) patterns", field: "repositories")
        }
        // A glob of the rule may take more than one of the scope.
        guard caller.scope.repositories.isEmpty else {
            throw ProblemError.forbidden("cleanup wants a token whose scope has no repository patterns")
        }
        return CleanupRule(registry: body.registry, repositories: repositories, keepNewest: body.keepNewest)
    }

    @Sendable private func restore(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        let body = try await JSONBody.read(RestoreRequest.self, from: request)
        guard (1...Limits.imagesPerRequestMax).contains(body.images.count) else {
            throw ProblemError.invalid("names 1 to \(Limits.imagesPerRequestMax) images", field: "images")
        }
        if let index = body.images.firstIndex(where: { !caller.sees($0) }) {
            throw ProblemError(.forbidden, "this token's scope does not hold the image", field: "images[\(index)]")
        }
        return try await run(
            .restore(body.images), to: Topics.cleanupCommands, subject: body.images[0].registry.text,
            detail: "restore \(body.images.count)", request, context)
    }

    // MARK: Advisories

    @Sendable private func status(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let active = try await desk.model.payload(
            GenerationRecord.self, Topics.generations, GenerationRecord.activeKey)
        let judged = try await desk.model.payload(JudgedRecord.self, Topics.verdicts, JudgedRecord.key)
        return try .json(AdvisoryStatus(active: active.map { .init($0) }, judgedAt: judged?.judgedAt))
    }

    @Sendable private func importAdvisories(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try Self.requireUnscoped(try context.caller())
        let body = try await JSONBody.read(ImportRequest.self, from: request)
        let origin = body.origin
        guard origin.utf8.count <= Self.originBytesMax, origin.hasPrefix("/") || origin.hasPrefix("https://"),
            origin.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw ProblemError.invalid(
                "is an absolute folder on the evaluator's machine or an https address", field: "origin")
        }
        if let reason = Self.refusal(of: origin) { throw ProblemError.invalid(reason, field: "origin") }
        return try await run(
            .importAdvisories(origin: origin), to: Topics.evaluatorCommands, subject: "advisories", detail: origin,
            request, context)
    }

    /// The command is kept in the log as it is sent: an address that carries a secret would be there in clear.
    private static func refusal(of origin: String) -> String? {
        if origin.hasPrefix("/") { return nil }
        do { _ = try WebURL(origin) } catch {
            guard case .badURL(_, let reason) = error else { return "is no address" }
            return reason
        }
        let isClean = BodyRedaction.redact(Array(origin.utf8)).elementsEqual(origin.utf8)
        return isClean ? nil : "holds a secret in its query, which would be kept in clear"
    }

    @Sendable private func activate(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try Self.requireUnscoped(try context.caller())
        let body = try await JSONBody.read(ActivateRequest.self, from: request)
        guard body.generation >= 1 else { throw ProblemError.invalid("is a number from 1", field: "generation") }
        return try await run(
            .activateGeneration(body.generation), to: Topics.evaluatorCommands, subject: "advisories",
            detail: "generation \(body.generation)", request, context)
    }

    /// Advisories decide of every image's verdict.
    private static func requireUnscoped(_ caller: Principal) throws {
        guard caller.isUnscoped else { throw ProblemError.forbidden("only a token without a scope changes advisories") }
    }
}
