import EventLogPort
import Foundation
import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// `GET /events`: server-sent events, one for each image that changed.
///
/// `event: image` carries the image as `GET /images` shows it, `event: removed` its name, `event: reset` says to load
/// the list again and comes first. `Last-Event-ID` continues where a stream ended. The token is looked at before each
/// message: a stream ends with it.
struct EventRoutes: Sendable {
    let desk: APIDesk
    let hub: EventHub

    var routes: [APIRoute] {
        [APIRoute(.get, "/events", .viewer, "Server-sent events: images as they change.", handler: follow)]
    }

    @Sendable private func follow(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        guard let stream = hub.subscribe(over: context.channel) else {
            throw ProblemError.unavailable("too many clients follow", retryAfter: 30)
        }
        let missed = try await missed(since: request.headers[.lastEventID].flatMap { EventID($0) })
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        let (directory, time) = (desk.directory, desk.time)
        let body = ResponseBody { writer in
            var told: EventID?
            for message in missed {
                told = Self.id(of: message) ?? told
                if let text = Self.text(message, for: caller) { try await writer.write(ByteBuffer(string: text)) }
            }
            for await message in stream {
                guard directory.isCurrent(caller, at: time.now()) else { break }
                // What was read from the table may come again.
                if case .image(let id, _, _) = message, let told, id.generation == told.generation, id.seq <= told.seq {
                    continue
                }
                if let text = Self.text(message, for: caller) { try await writer.write(ByteBuffer(string: text)) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func missed(since last: EventID?) async throws -> [EventHub.Message] {
        let newest = try await desk.model.lastChange()
        guard let last, last.generation == newest.generation, last.seq <= newest.seq else { return [.reset(newest)] }
        let (generation, changes) = try await desk.model.changes(after: last.seq, limit: EventHub.batchMax)
        guard generation == last.generation, changes.count < EventHub.batchMax else { return [.reset(newest)] }
        return [.heartbeat] + EventHub.Message.all(of: changes, generation)
    }

    private static func id(of message: EventHub.Message) -> EventID? {
        switch message {
        case .image(let id, _, _), .reset(let id): id
        case .heartbeat: nil
        }
    }

    /// nil for images that the caller may not see.
    static func text(_ message: EventHub.Message, for caller: Principal) -> String? {
        switch message {
        case .heartbeat: return ": still here\n\n"
        case .reset(let id): return "id: \(id)\nevent: reset\ndata: {}\n\n"
        case .image(let id, let text, let summary):
            guard let name = try? ImageName(text), caller.sees(name) else { return nil }
            // JSON has no raw line breaks, so one `data` line holds it.
            guard let summary else { return "id: \(id)\nevent: removed\ndata: {\"name\":\"\(text)\"}\n\n" }
            return "id: \(id)\nevent: image\ndata: \(String(decoding: summary, as: UTF8.self))\n\n"
        }
    }
}
