import EventLogPort
import EventLogSQLite
import Events
import Foundation
import HTTPCurl
import HTTPPort
import Logging
import Model
import RegistryAccess
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import TestSupport

@testable import WebhookGatewayService

/// The whole service over an embedded log in a folder of its own, called over real sockets.
final class Gateway: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HeaderList
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
            try JSONFormat.decode(type, from: Data(body))
        }
    }

    let folder: TestFolder
    /// The embedded one, beneath what the service was given: for the test's own looks.
    let log: any EventLog
    let time: TimeSource
    let ports: GatewayAddresses.Ports
    /// The first admin token.
    let admin: String
    let lines: LogLines
    /// Nothing listens there.
    let away: HeldPort
    let readiness: Readiness
    private let transport: CurlTransport

    private init(
        folder: TestFolder, log: any EventLog, time: TimeSource, ports: GatewayAddresses.Ports, admin: String,
        lines: LogLines, away: HeldPort, readiness: Readiness, transport: CurlTransport
    ) {
        self.folder = folder
        self.log = log
        self.time = time
        self.ports = ports
        self.admin = admin
        self.lines = lines
        self.away = away
        self.readiness = readiness
        self.transport = transport
    }

    /// Starts the service, runs the test and stops the service gracefully.
    /// - Parameter wrap: puts another log before the embedded one.
    static func run(
        in folder: TestFolder? = nil, plainHTTP: [String] = ["127.0.0.1"], spoolBytesMax: Int = 64 << 20,
        wrap: (any EventLog) -> any EventLog = { $0 },
        _ test: @Sendable @escaping (Gateway) async throws -> Void
    ) async throws {
        let folder = try folder ?? TestFolder()
        let lines = LogLines()
        let logger = Logger(label: "webhook-gateway") { _ in lines }
        let embedded = try await openTestLog(in: folder)
        try await embedded.declare(Topics.all(pools: ["default"]))
        let log = wrap(embedded)
        let transport = CurlTransport(.init(addresses: .privateNetworks))
        let sealer = CredentialSealer(keys: .fresh())
        let data = folder.file("webhook-gateway")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let time = TimeSource.system
        let readiness = Readiness()
        let service = WebhookGatewayService(
            ports: Ports(
                log: try AccessLog(log, service: "webhook-gateway"), transport: transport, time: time, folder: data,
                instance: "gateway-test", logger: logger,
                readiness: readiness),
            configuration: GatewayConfiguration(
                webhooksAddress: .init(host: "127.0.0.1", port: 0), apiAddress: .init(host: "127.0.0.1", port: 0),
                plainHTTPHosts: plainHTTP, spoolBytesMax: spoolBytesMax),
            clients: RegistryClients(
                transport: transport, sealer: sealer, clock: time.clock, now: { time.now() }), sealer: sealer)
        let group = ServiceGroup(services: [service], logger: logger)
        let running = Task { try await group.run() }
        do {
            let ports = try await service.addresses.wait()
            let token = data.appending(path: FirstToken.fileName)
            let gateway = Gateway(
                folder: folder, log: embedded, time: time, ports: ports, admin: try await firstToken(token),
                lines: lines, away: try HeldPort(), readiness: readiness, transport: transport)
            try await gateway.untilKnown()
            try await test(gateway)
        } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            await embedded.close()
            transport.close()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await withDeadline("the service stops") { try await running.value }
        await embedded.close()
        transport.close()
    }

    private static func firstToken(_ file: URL) async throws -> String {
        try await eventually("the first token is made") { FileManager.default.fileExists(atPath: file.path) }
        return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func untilKnown() async throws {
        try await eventually("the first token opens the API") {
            try await self.call(.get, "me").status == 200
        }
    }

    // MARK: Asking

    /// A request below `/api/v1`, with the admin's token unless another is given (an empty one means none).
    func call(
        _ method: OutboundRequest.Method, _ path: String, _ body: String = "", token: String? = nil,
        headers: HeaderList = []
    ) async throws -> Answer {
        try await send(
            method, port: ports.api, "/api/v1/" + path, body: Array(body.utf8), token: token ?? admin, headers)
    }

    func webhook(
        _ registry: String, _ body: [UInt8], secret: String?, header: String = "Authorization",
        contentType: String = "application/json"
    ) async throws -> Answer {
        let origin = try WebURL("http://127.0.0.1:\(ports.webhooks)/")
        return try await send(
            .post, port: ports.webhooks, "/webhooks/\(registry)", body: body, token: "",
            ["Content-Type": contentType],
            credential: secret.map { OriginCredential(origin: origin.origin, headers: [.init(header, $0)]) })
    }

    func send(
        _ method: OutboundRequest.Method, port: Int, _ path: String, body: [UInt8] = [], token: String = "",
        _ headers: HeaderList = [], credential: OriginCredential? = nil
    ) async throws -> Answer {
        let url = try WebURL("http://127.0.0.1:\(port)\(path)")
        let bearer: OriginCredential? = token.isEmpty ? nil : .bearer(token, for: url.origin)
        let request = OutboundRequest(
            method, url, headers: headers, body: body, credential: credential ?? bearer,
            limits: RequestLimits(firstByte: .seconds(90)), redirects: .hand, allowsPlainHTTP: true)
        let answer = try await transport.collect(request)
        return Answer(status: answer.head.status, headers: answer.head.headers, body: answer.body)
    }

    /// Reads a stream until `enough` says so; the bytes that came.
    func stream(
        _ path: String, token: String? = nil, headers: HeaderList = [],
        until enough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let url = try WebURL("http://127.0.0.1:\(ports.api)/api/v1/\(path)")
        let sink = StreamSink(enough)
        let request = OutboundRequest(
            .get, url, headers: headers, credential: .bearer(token ?? admin, for: url.origin), allowsPlainHTTP: true)
        do { try await transport.send(request, into: sink) } catch is StreamSink.Enough {}
        return sink.text
    }

    // MARK: What other services write

    func append(_ drafts: [RecordDraft]) async throws {
        _ = try await log.appendWhole(drafts, time: time)
    }

    func context(_ id: String = UUID().uuidString) -> EventContext {
        EventContext(id: id, source: "test", time: time.now())
    }

    /// A registry that takes webhooks with the secret `Bearer hook-secret`; it is away unless an address is given.
    func addRegistry(_ name: String = "demo", url: String? = nil) async throws {
        let url = url ?? "http://127.0.0.1:\(away.number)"
        let body = #"""
            {"name":"\#(name)","url":"\#(url)","webhook":{"header":"Authorization","value":"Bearer hook-secret"}}
            """#
        let answer = try await call(.post, "registries", body)
        guard answer.status == 201 else { throw UnexpectedAnswer(answer: answer) }
    }

    func token(role: String, scope: String = "{}") async throws -> String {
        let body = #"{"name":"test \#(role)","role":"\#(role)","scope":\#(scope)}"#
        let answer = try await call(.post, "tokens", body)
        guard answer.status == 201 else { throw UnexpectedAnswer(answer: answer) }
        return try answer.json(Token.self).token
    }

    private struct Token: Decodable { let token: String }

    struct UnexpectedAnswer: Error, CustomStringConvertible {
        let answer: Answer
        var description: String { "\(answer.status): \(answer.text)" }
    }

    /// Waits for so many deliveries, each once: one that the log took late is there from the spool, too.
    func deliveries(_ count: Int) async throws -> [WholeRecord] {
        try await eventually("\(count) deliveries") {
            try await Set(self.records(Topics.webhookDeliveries).map(\.key)).count >= count
        }
        var seen: Set<String> = []
        return try await records(Topics.webhookDeliveries).filter { seen.insert($0.key).inserted }
    }

    /// All records of a topic as of now.
    func records(_ topic: Topic) async throws -> [WholeRecord] {
        let ends = try await log.end(of: topic.name)
        var missing = ends.filter { $0.value >= 0 }
        guard !missing.isEmpty else { return [] }
        let reader = try await log.read(topic.name, after: [:])
        var found: [WholeRecord] = []
        while !missing.isEmpty, let batch = try await reader.next() {
            for record in batch {
                if let end = missing[record.id.partition], record.id.position >= end {
                    missing[record.id.partition] = nil
                }
                if case .whole(let whole) = try await WholeReader(log: log).assemble(record) { found.append(whole) }
            }
        }
        await reader.close()
        return found
    }
}

/// Collects a stream and ends it when there is enough.
private final class StreamSink: ResponseSink {
    struct Enough: Error {}

    private let bytes = Mutex<[UInt8]>([])
    private let enough: @Sendable (String) -> Bool

    init(_ enough: @escaping @Sendable (String) -> Bool) { self.enough = enough }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    func receive(head: ResponseHead) throws {}
    func receive(_ piece: UnsafeRawBufferPointer) throws {
        bytes.withLock { $0 += piece }
        if enough(text) { throw Enough() }
    }
}
