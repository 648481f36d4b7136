import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// Settings of the whole installation, and work for all registries at once.
struct SettingsRoutes: Sendable {
    let desk: APIDesk

    static let trashDaysMax = 365
    static let backgroundRequestsMax = 10_000

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/settings", .viewer, "The settings of the installation.", handler: get),
            APIRoute(.put, "/settings", .admin, "Changes them.", handler: put),
            APIRoute(.post, "/rescan", .operator, "Scans the images of all registries again.", handler: rescan),
        ]
    }

    private func current() async throws -> SettingsRecord {
        try await desk.model.payload(SettingsRecord.self, Topics.settings, SettingsRecord.key) ?? SettingsRecord()
    }

    @Sendable private func get(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try .json(SettingsBody(try await current()))
    }

    @Sendable private func put(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        guard caller.isUnscoped else { throw ProblemError.forbidden("only a token without a scope changes settings") }
        let body = try await JSONBody.read(SettingsBody.self, from: request)
        guard (1...Self.trashDaysMax).contains(body.trashDays) else {
            throw ProblemError.invalid("is a number from 1 to \(Self.trashDaysMax)", field: "trashDays")
        }
        guard (1...Self.backgroundRequestsMax).contains(body.backgroundRequestsMax) else {
            throw ProblemError.invalid(
                "is a number from 1 to \(Self.backgroundRequestsMax)", field: "backgroundRequestsMax")
        }
        try ScheduleForm.check(body.rescan, field: "rescan")
        let wanted = SettingsRecord(
            rescan: body.rescan, trashDays: body.trashDays, backgroundRequestsMax: body.backgroundRequestsMax)
        if try await current() == wanted { return try .json(body) }
        try await desk.writer.submit(
            [.init(.putSettings(wanted), action: "settings.update")], by: caller.actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        let shown = try await desk.model.wait(within: Limits.configurationWait) { () -> Bool? in
            try await current() == wanted ? true : nil
        }
        return try .json(body, status: shown == nil ? .accepted : .ok)
    }

    @Sendable private func rescan(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        guard caller.isUnscoped else { throw ProblemError.forbidden("only a token without a scope rescans everything") }
        try await desk.writer.submit(
            [.init(.rescan(.init(registry: nil, reason: "actor \(caller.actor)")), action: "rescan")], by: caller.actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        return Response(status: .accepted)
    }
}
