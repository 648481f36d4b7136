import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// A running Pratique as its users reach it, in one process or in five.
protocol GatewayDriver: Sendable {
    /// The address of the REST API.
    var api: String { get }
    var webhooks: String { get }
    /// An admin's.
    var token: String { get }
    var transport: CurlTransport { get }
    /// For a test that failed.
    var whereToLook: String { get }
}

extension GatewayDriver {
    func request(
        _ method: OutboundRequest.Method, _ path: String, query: [(String, String)] = [], body: (any Encodable)? = nil,
        token: String? = nil
    ) async throws -> CollectedResponse {
        let base = try WebURL(api)
        let url = base.appending(path: "api/v1/" + path).appending(query: query)
        var request = OutboundRequest(
            method, url, headers: ["Content-Type": "application/json"],
            body: try body.map { Array(try JSONFormat.encode($0)) } ?? [],
            credential: .bearer(token ?? self.token, for: base.origin), allowsPlainHTTP: true)
        request.limits.bodyBytesMax = 64 << 20
        return try await transport.collect(request)
    }

    /// Sends a request that must succeed, and reads the answer.
    func call<Answer: Decodable>(
        _ method: OutboundRequest.Method, _ path: String, query: [(String, String)] = [], body: (any Encodable)? = nil,
        as type: Answer.Type
    ) async throws -> Answer {
        let response = try await request(method, path, query: query, body: body)
        guard response.head.isSuccess else {
            let said = String(decoding: response.body.prefix(1000), as: UTF8.self)
            throw PratiqueInstance.Refused(description: "\(method.rawValue) \(path): \(response.head.status) \(said)")
        }
        return try JSONFormat.decode(type, from: Data(response.body))
    }

    /// Waits until the image is in a state.
    @discardableResult
    func image(
        _ name: String, within limit: Duration = PratiqueInstance.patience, _ what: String = "has a verdict",
        until isThere: @escaping @Sendable (ImageSummary) -> Bool = { ImageSummary.Status.judged.contains($0.status) }
    ) async throws -> ImageSummary {
        let found = Found<ImageSummary>()
        do {
            try await eventually("\(name) \(what)", within: limit, every: .milliseconds(50)) { [self] in
                let response = try await request(.get, "images/\(name)")
                guard response.head.isSuccess else { return false }
                let summary = try JSONFormat.decode(ImageSummary.self, from: Data(response.body))
                found.value = summary
                return isThere(summary)
            }
        } catch {
            throw PratiqueInstance.Refused(
                description:
                    "\(error); last seen: \(found.value.map { "\($0)" } ?? "not listed"); log: \(whereToLook)"
            )
        }
        guard let value = found.value else { throw PratiqueInstance.Refused(description: "\(name) is not listed") }
        return value
    }

    func reports(_ name: String) async throws -> [ScanReport] {
        try await call(.get, "images/\(name)/report", as: ScanReports.self).platforms
    }

    /// Runs a command to its end.
    func command(_ path: String, body: (any Encodable)? = nil) async throws -> CommandAnswer {
        let first = try await call(.post, path, query: [("wait", "20")], body: body, as: CommandAnswer.self)
        let last = Found<CommandAnswer>()
        last.value = first
        try await eventually("command \(path) ends", within: PratiqueInstance.patience, every: .milliseconds(50)) {
            [self] in
            if let answer = last.value, answer.state == .done || answer.state == .failed { return true }
            last.value = try await call(.get, "replies/\(first.id)", as: CommandAnswer.self)
            return false
        }
        return last.value ?? first
    }
}

extension ImageSummary.Status {
    static let judged: Set<Self> = [.compliant, .nonCompliant, .undetermined]
}
