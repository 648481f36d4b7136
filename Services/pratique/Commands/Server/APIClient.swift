import Foundation
import GatewayAPI
import HTTPPort
import Model

/// The REST API, as the commands use it.
struct APIClient: Sendable {
    let base: WebURL
    let token: String
    let transport: any HTTPTransport
    /// An answer has at most this many bytes: a page of images with reasons, a report with its findings.
    static let answerBytesMax: Int64 = 64 << 20
    /// Asking how a command fares, a second each time, ends after this many answers that say nothing new.
    static let silentAnswersMax = 3_600
    /// A list is cut after this many items, and says so.
    static let listMax = 100_000

    func get<Answer: Decodable>(
        _ path: String, query: [(String, String)] = [], as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await decode(send(.get, path, query: query, body: nil))
    }

    /// An answer that is handed on as it is.
    func bytes(_ path: String, query: [(String, String)]) async throws -> Data {
        Data(try await send(.get, path, query: query, body: nil).body)
    }

    func send<Answer: Decodable>(
        _ method: OutboundRequest.Method, _ path: String, query: [(String, String)] = [], body: (any Encodable)? = nil,
        wait: Duration = .zero, as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        let bytes = try body.map { try JSONFormat.encode($0) }
        return try await decode(send(method, path, query: query, body: bytes, wait: wait))
    }

    func delete(_ path: String) async throws {
        _ = try await send(.delete, path, query: [], body: nil)
    }

    /// Every item of a list that comes in pages; what is beyond `most` is left out with a note.
    func list<Item: Codable & Sendable & Hashable>(
        _ path: String, query: [(String, String)] = [], most: Int = Self.listMax, of type: Item.Type = Item.self,
        note: (String) -> Void = Output.note
    ) async throws -> [Item] {
        var items: [Item] = []
        var after: String?
        repeat {
            let page = try await get(
                path, query: query + [("limit", "1000")] + (after.map { [("after", $0)] } ?? []), as: Page<Item>.self)
            items += page.items
            guard page.next != after else { break }
            after = page.next
        } while after != nil && items.count < most
        if after != nil { note("only the first \(items.count) are shown; there are more") }
        return items
    }

    /// Starts a command and follows it to its end.
    /// - Parameter counted: what its progress counts.
    /// - Throws: `CommandFailure` when it failed, or said nothing new for `silentAnswersMax` answers.
    func run(
        _ path: String, body: (any Encodable)?, title: String, counted: String = ""
    ) async throws -> CommandAnswer {
        let bar = ProgressBar(title, unit: .things(counted))
        defer { bar.finish() }
        var answer = try await send(
            .post, path, query: [("wait", "1")], body: body, wait: .seconds(30), as: CommandAnswer.self)
        var silent = 0
        while answer.state == .accepted || answer.state == .running {
            if let total = answer.total {
                bar.update(done: Int64(answer.done ?? 0), total: Int64(total))
            } else {
                bar.update()
            }
            let before = answer
            answer = try await send(
                .get, "replies/\(before.id)", query: [("wait", "1")], wait: .seconds(30), as: CommandAnswer.self)
            silent = answer == before ? silent + 1 : 0
            guard silent < Self.silentAnswersMax else { throw Self.silence(title, answer) }
        }
        guard answer.state == .done else { throw CommandFailure("\(title) failed", cause: Output.safe(answer.message)) }
        return answer
    }

    private static func silence(_ title: String, _ answer: CommandAnswer) -> CommandFailure {
        CommandFailure(
            "\(title) has not ended",
            cause: "for an hour nothing new was told; the last was: \(Output.safe(answer.message))",
            advice: "it may still be under way as command \(answer.id): look at the service's log, or try again")
    }

    private func send(
        _ method: OutboundRequest.Method, _ path: String, query: [(String, String)], body: Data?, wait: Duration = .zero
    ) async throws -> CollectedResponse {
        let url = base.appending(path: "api/v1/" + path).appending(query: query)
        var request = OutboundRequest(
            method, url, headers: ["Accept": "application/json"], body: body.map(Array.init) ?? [],
            credential: .bearer(token, for: base.origin), redirects: .hand, allowsPlainHTTP: true)
        if body != nil { request.headers.add("Content-Type", "application/json") }
        request.limits.bodyBytesMax = Self.answerBytesMax
        request.limits.firstByte = .seconds(60) + wait
        let response: CollectedResponse
        do { response = try await transport.collect(request) } catch let error as HTTPTransportError {
            throw CommandFailure(
                "cannot reach Pratique at \(base.origin)", cause: error.description,
                advice: "check --server or $\(ServerOptions.addressVariable), and that `pratique serve` runs")
        }
        guard response.head.isSuccess else { throw Self.failure(method, path, response) }
        return response
    }

    private func decode<Answer: Decodable>(_ response: CollectedResponse) throws -> Answer {
        do { return try JSONFormat.decode(Answer.self, from: Data(response.body)) } catch {
            throw CommandFailure(
                "cannot read the answer of \(base.origin)", cause: JSONFormat.explain(error),
                advice: "use a command line of the server's version")
        }
    }

    static func failure(_ method: OutboundRequest.Method, _ path: String, _ response: CollectedResponse)
        -> CommandFailure
    {
        let problem = try? JSONFormat.decode(Problem.self, from: Data(response.body.prefix(64 << 10)))
        let field = problem?.field.map { " (field \($0))" } ?? ""
        let detail = Output.safe((problem?.detail ?? problem?.title ?? "status \(response.head.status)") + field)
        let advice: String? =
            switch response.head.status {
            case 401: "check the token: $\(ServerOptions.tokenVariable) or --token-file"
            case 403: "use a token with a role that may do this"
            case 429, 503: "try again in a moment"
            default: nil
            }
        return CommandFailure("\(method.rawValue.lowercased()) \(path) was refused", cause: detail, advice: advice)
    }
}
