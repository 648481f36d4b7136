import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// Records that could not be handled: the list, by cause, and putting them back where they came from.
struct DeadLetterRoutes: Sendable {
    let desk: APIDesk
    /// One replay at a time in this process: the next one sees what the one before has put back.
    private let turn = AsyncLock()

    /// Of one command; the answer says how many are left.
    static let replayMax = 1_000
    static let replayBytesMax = 64 << 20
    private static let lettersPerAppend = 50
    private static let causesMax = 1_000
    private static let causeBytesMax = 300

    init(desk: APIDesk) { self.desk = desk }

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/dead-letters", .operator, "Records that could not be handled.", handler: list),
            APIRoute(.get, "/dead-letters/causes", .operator, "Open ones, grouped by cause.", handler: causes),
            APIRoute(.post, "/dead-letters/replay", .operator, "Puts letters back.", handler: replay),
        ]
    }

    private func unscoped(_ context: GatewayContext) throws -> Principal {
        let caller = try context.caller()
        guard caller.isUnscoped else {
            throw ProblemError.forbidden("only a token without a scope sees dead letters")
        }
        return caller
    }

    @Sendable private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        _ = try unscoped(context)
        let reader = QueryReader(request)
        let limit = try reader.limit
        var query = LetterQuery()
        query.cause = try reader.text("cause", bytesMax: Self.causeBytesMax)
        query.isOpen = try reader.flag("all") ? nil : true
        query.before = Int64(try reader.integer("after", in: 0...Int.max, default: Int.max))
        query.limit = limit + 1
        let found = try await desk.model.letters(query)
        let page = found.prefix(limit)
        return try .json(
            Page(
                items: page.map(\.summary),
                next: found.count > limit ? page.last.map { String($0.document.position) } : nil))
    }

    @Sendable private func causes(_ request: Request, _ context: GatewayContext) async throws -> Response {
        _ = try unscoped(context)
        return try .json(Page(items: try await desk.model.letterGroups(limit: Self.causesMax), next: nil))
    }

    // MARK: Putting back

    @Sendable private func replay(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try unscoped(context)
        let body = try await JSONBody.read(ReplayRequest.self, from: request)
        guard (body.positions == nil) != (body.cause == nil) else {
            throw ProblemError.invalid("name either positions or a cause", field: "positions")
        }
        if let positions = body.positions, !(1...Self.replayMax).contains(positions.count) {
            throw ProblemError.invalid("names 1 to \(Self.replayMax) letters", field: "positions")
        }
        let trace = TraceParent.from(request.headers[.traceparent])
        return try .json(try await turn.withLock { try await replay(body, by: caller, trace) })
    }

    private func replay(_ body: ReplayRequest, by caller: Principal, _ trace: String) async throws -> ReplayAnswer {
        var query = LetterQuery()
        query.isOpen = body.again == true ? nil : true
        query.oldestFirst = true
        query.cause = body.cause
        query.positions = body.positions
        var answer = ReplayAnswer()
        var bytes = 0
        while bytes < Self.replayBytesMax, answer.count < Self.replayMax {
            query.limit = min(Self.lettersPerAppend, Self.replayMax - answer.count)
            let page = try await desk.model.letters(query)
            guard let last = page.last else { break }
            query.after = last.document.position
            bytes += page.reduce(0) { $0 + $1.document.value.count }
            var drafts = answer.count == 0 ? [try audit(body, caller, trace)] : []
            for letter in page { drafts += try replay(letter, by: caller, &answer) }
            try await untilShown(try await desk.writer.append(drafts))
        }
        let unseen = Set(body.positions ?? []).subtracting(answer.replayed).subtracting(answer.passed.map(\.position))
        answer.passed += unseen.sorted().map { .init(position: $0, why: "there is no open letter at this position") }
        if let cause = body.cause { answer.left = try await desk.model.openLetters(of: cause) }
        return answer
    }

    private func replay(
        _ letter: Letter, by caller: Principal, _ answer: inout ReplayAnswer
    ) throws -> [RecordDraft] {
        let (record, now) = (letter.document.record, desk.time.now())
        guard let replay = try LetterReplay(of: record, by: caller.actor, source: ChangeWriter.source, at: now) else {
            answer.passed.append(
                .init(position: record.id.position, why: "it has no bytes, or does not come from a topic of work"))
            return []
        }
        answer.replayed.append(record.id.position)
        return replay.drafts
    }

    private func audit(
        _ body: ReplayRequest, _ caller: Principal, _ trace: String
    ) throws -> RecordDraft {
        let context = desk.writer.context(trace)
        let detail =
            body.cause ?? "positions "
            + (body.positions ?? []).prefix(100).map(String.init)
            .joined(separator: ", ")
        return try desk.writer.audit(
            caller.actor, "dead-letters.replay", "dead-letters", (body.again == true ? "again: " : "") + detail,
            context.caused("audit", by: ChangeWriter.source, at: context.time))
    }

    /// So that the same command, given again at once, finds nothing open.
    private func untilShown(_ places: [RecordID]) async throws {
        guard let mark = places.last(where: { $0.topic == Topics.deadLetters.name }) else { return }
        do {
            try await desk.model.view.waitFor(
                [mark.topicPartition: mark.position], within: Limits.configurationWait)
        } catch ViewError.tooLate {
            // They are put back all the same.
        }
    }
}

extension ReplayAnswer {
    fileprivate var count: Int { replayed.count + passed.count }
}
