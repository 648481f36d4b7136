import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// What an operator is told without asking for it: alarms.
struct WatchRoutes: Sendable {
    let desk: APIDesk

    static let alarmsMax = 1_000

    var routes: [APIRoute] {
        [APIRoute(.get, "/alarms", .viewer, "What does not work by itself.", handler: alarms)]
    }

    @Sendable private func alarms(_ request: Request, _ context: GatewayContext) async throws -> Response {
        // A pool may serve registries that a scoped token does not see.
        guard try context.caller().isUnscoped else {
            throw ProblemError.forbidden("only a token without a scope sees alarms")
        }
        let found = try await desk.model.documents(Topics.alarms, limit: Self.alarmsMax)
        let items = try found.map { try AlarmSummary($0.payload(AlarmRecord.self)) }
        return try .json(Page(items: items, next: nil))
    }
}

extension AlarmSummary {
    init(_ record: AlarmRecord) {
        self.init(kind: record.kind.rawValue, subject: record.subject, message: record.message, since: record.since)
    }
}
