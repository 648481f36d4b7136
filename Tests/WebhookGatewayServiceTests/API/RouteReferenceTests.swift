import EventLogPort
import EventLogSQLite
import Events
import Foundation
import HTTPTypes
import RegistryAccess
import ServiceRuntime
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct RouteReferenceTests {
    private struct Row: Hashable {
        let route: String
        let need: String
    }

    private func documented() throws -> Set<Row> {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/reference/api.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line -> Row? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 3, cells[0].hasPrefix("`"), cells[0].contains(" /") else { return nil }
            return Row(route: String(cells[0].dropFirst().dropLast()), need: cells[1])
        }
        return Set(rows)
    }

    @Test("the reference page lists every route with whom it lets in, and no other")
    func routes() async throws {
        let folder = try TestFolder()
        let log = try await openTestLog(in: folder)
        try await log.declare(Topics.fixed)
        let ports = Ports(
            log: log, transport: PoisonedTransport(), time: .system, folder: folder.url, instance: "test",
            logger: testLogger, readiness: Readiness())
        let model = try await ReadModel.open(ports)
        let sealer = CredentialSealer(keys: .fresh())
        let time = ports.time
        let desk = APIDesk(
            model: model, writer: ChangeWriter(log: log, time: time),
            clients: RegistryClients(
                transport: ports.transport, sealer: sealer, clock: time.clock, now: { time.now() }),
            sealer: sealer, plainHTTP: PlainHTTPRule(allowing: []), time: time)
        let routes = APIRoutes.all(desk, EventHub(model: model, time: time))
        let inCode = Set(routes.map { Row(route: "\($0.method.rawValue) \($0.path)", need: $0.need.rawValue) })
        #expect(try documented() == inCode)
        #expect(inCode.count == routes.count)
        await model.close()
        await log.close()
    }
}
