import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// A fleet and a real registry that notifies it, connected under the name `demo`.
struct FleetHarbour {
    let fleet: Fleet
    let registry: DistributionRegistry

    static func open(in folder: URL, scanners: Int = 1) async throws -> FleetHarbour {
        let fleet = try await Fleet.start(in: folder.appending(path: "fleet"), scanners: scanners)
        do {
            let registry = try await DistributionRegistry.start(
                folder: folder.appending(path: "registry"), notify: URL(string: fleet.webhooks + "/webhooks/demo"),
                headers: ["Authorization": Harbour.secret])
            let harbour = FleetHarbour(fleet: fleet, registry: registry)
            do { try await harbour.connect() } catch {
                registry.stop()
                throw error
            }
            return harbour
        } catch {
            fleet.stop()
            throw error
        }
    }

    private func connect() async throws {
        var request = RegistryRequest(name: try RegistryName("demo"), url: registry.address)
        request.webhook = .init(header: "Authorization", value: Harbour.secret)
        _ = try await fleet.call(.post, "registries", body: request, as: RegistrySummary.self)
    }

    func push(_ image: ImageFixture, _ repository: String, tag: String) async throws {
        try await ImagePusher(fleet.transport, address: registry.address).push(image, repository, tag: tag)
    }

    /// Imports advisories of which one applies to `openssl` before 3.0.9-1.
    func importAdvisories() async throws {
        let folder = fleet.folder.appending(path: "osv")
        try AdvisoryFolder.write(
            [.init(id: "DSA-1", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.9-1")], in: folder)
        let answer = try await fleet.command("advisories/import", body: ImportRequest(origin: folder.path))
        guard answer.state == .done else { throw PratiqueInstance.Refused(description: "import: \(answer.message)") }
    }

    /// Every listed image, as a gateway shows it.
    func images(_ gateway: (any GatewayDriver)? = nil) async throws -> [String: ImageSummary] {
        let page = try await (gateway ?? fleet).call(
            .get, "images", query: [("limit", "1000")], as: Page<ImageSummary>.self)
        return Dictionary(page.items.map { ($0.name.text, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Sends a webhook body; returns the status.
    func deliver(_ body: String) async throws -> Int {
        let url = try WebURL(fleet.webhooks + "/webhooks/demo")
        let credential = OriginCredential(origin: url.origin, headers: ["Authorization": Harbour.secret])
        let request = OutboundRequest(
            .post, url, headers: ["Content-Type": "application/vnd.docker.distribution.events.v2+json"],
            body: Array(body.utf8), credential: credential, allowsPlainHTTP: true)
        return try await fleet.transport.collect(request).head.status
    }

    func close() {
        fleet.stop()
        registry.stop()
    }
}

/// A further gateway of a fleet, on its own ports.
struct SecondGateway: GatewayDriver {
    let api: String
    let webhooks: String
    let token: String
    let transport: CurlTransport
    let whereToLook: String

    init(_ fleet: Fleet, _ member: Fleet.Member) {
        api = "http://" + (member.environment["PRATIQUE_API_LISTEN"] ?? "")
        webhooks = "http://" + (member.environment["PRATIQUE_WEBHOOKS_LISTEN"] ?? "")
        token = fleet.token
        transport = fleet.transport
        whereToLook = fleet.whereToLook
    }
}

/// Opens a fleet and a registry in a folder of their own, for one test.
func withFleet(scanners: Int = 1, _ body: (FleetHarbour) async throws -> Void) async throws {
    try await withFolder { folder in
        let harbour = try await FleetHarbour.open(in: folder, scanners: scanners)
        defer { harbour.close() }
        try await body(harbour)
    }
}
