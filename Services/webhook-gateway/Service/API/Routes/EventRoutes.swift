import Foundation
import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// `GET /events`: server-sent events, one for each image that changed.
///
/// `event: image` carries the image as `GET /images` shows it, `event: removed` its name, `event: reset` says to load
/// the
/// list again and comes first. `Last-Event-ID` continues where a stream ended.
struct EventRoutes: Sendable {
    let desk: APIDesk
    let hub: EventHub

    var routes: [APIRoute] {
        [APIRoute(.get, "/events", .viewer, "Server-sent events: images as they change.", handler: follow)]
    }

    @Sendable private func follow(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        guard let stream = hub.subscribe() else {
            throw ProblemError.unavailable("too many clients follow", retryAfter: 30)
        }
        let missed = try await missed(since: request.headers[.lastEventID].flatMap { Int64($0) })
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        let body = ResponseBody { writer in
            var told: Int64 = -1
            for message in missed {
                told = max(told, Self.seq(of: message) ?? told)
                if let text = Self.text(message, for: caller) { try await writer.write(ByteBuffer(string: text)) }
            }
            for await message in stream {
                // What was read from the table may come again.
                if let seq = Self.seq(of: message), seq <= told, case .image = message { continue }
                if let text = Self.text(message, for: caller) { try await writer.write(ByteBuffer(string: text)) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func missed(since last: Int64?) async throws -> [EventHub.Message] {
        let newest = try await desk.model.lastChange()
        guard let last else { return [.reset(seq: newest)] }
        guard last <= newest else { return [.reset(seq: newest)] }
        let changes = try await desk.model.changes(after: last, limit: EventHub.batchMax)
        guard changes.count < EventHub.batchMax else { return [.reset(seq: newest)] }
        return [.heartbeat] + changes.map { .image(seq: $0.seq, name: $0.name, summary: $0.summary) }
    }

    private static func seq(of message: EventHub.Message) -> Int64? {
        switch message {
        case .image(let seq, _, _), .reset(let seq): seq
        case .heartbeat: nil
        }
    }

    /// nil for images that the caller may not see.
    static func text(_ message: EventHub.Message, for caller: Principal) -> String? {
        switch message {
        case .heartbeat: return ": still here\n\n"
        case .reset(let seq): return "id: \(seq)\nevent: reset\ndata: {}\n\n"
        case .image(let seq, let text, let summary):
            guard let name = try? ImageName(text), caller.sees(name) else { return nil }
            // JSON has no raw line breaks, so one `data` line holds it.
            guard let summary else { return "id: \(seq)\nevent: removed\ndata: {\"name\":\"\(text)\"}\n\n" }
            return "id: \(seq)\nevent: image\ndata: \(String(decoding: summary, as: UTF8.self))\n\n"
        }
    }
}
