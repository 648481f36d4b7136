import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport

/// A running Pratique and a real registry that notifies it, connected under the name `demo`.
struct Harbour {
    static let secret = "Bearer harbour-secret-7c1d"

    let folder: URL
    let pratique: PratiqueInstance
    let registry: DistributionRegistry

    /// - Parameter registryPort: for a registry that comes back at the same place; 0 for any port.
    static func open(in folder: URL, arguments: [String] = [], registryPort: Int = 0) async throws -> Harbour {
        let pratique = try await PratiqueInstance.start(in: folder.appending(path: "pratique"), arguments: arguments)
        let registry = try await DistributionRegistry.start(
            folder: folder.appending(path: "registry"), port: registryPort,
            notify: URL(string: pratique.addresses.webhooks + "/webhooks/demo"),
            headers: ["Authorization": secret])
        var request = RegistryRequest(name: try RegistryName("demo"), url: registry.address)
        request.webhook = .init(header: "Authorization", value: secret)
        _ = try await pratique.call(.post, "registries", body: request, as: RegistrySummary.self)
        return Harbour(folder: folder, pratique: pratique, registry: registry)
    }

    func close() {
        pratique.stop()
        registry.stop()
    }

    /// Waits until every group has finished what its work topics hold: nothing that was sent is still on its way.
    func settle() async throws {
        let log = pratique.dataFolder.appending(path: "log/log.sqlite").path
        let unfinished = """
            SELECT count(*) FROM slots JOIN topics ON topics.id = slots.topic WHERE topics.kind = 'work' AND slots.next
            > 1 + coalesce((SELECT max(position) FROM positions WHERE positions.slot = slots.id), -1)
            """
        try await eventually("all work is finished", within: PratiqueInstance.patience, every: .milliseconds(100)) {
            let count = try Program.output(
                of: RootFolder.program("sqlite3"), ["-readonly", "-cmd", ".timeout 10000", log, unfinished])
            return count.trimmingCharacters(in: .whitespacesAndNewlines) == "0"
        }
    }

    func pusher() throws -> ImagePusher { try ImagePusher(pratique.transport, address: registry.address) }

    func requests(_ method: String, holding text: String) throws -> [String: Int] {
        try registry.requests(method, holding: text)
    }
}

/// A folder of advisories in OSV form, written by a test.
enum AdvisoryFolder {
    struct Record {
        var id: String
        var ecosystem: String
        var package: String
        var fixed: String?
        var severity = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        var withdrawn = false
    }

    static func write(_ records: [Record], in folder: URL) throws {
        for record in records {
            let file = folder.appending(path: record.ecosystem.split(separator: ":")[0] + "/\(record.id).json")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(json(record).utf8).write(to: file)
        }
    }

    private static func json(_ record: Record) -> String {
        let fixed = record.fixed.map { ",{\"fixed\":\"\($0)\"}" } ?? ""
        let withdrawn = record.withdrawn ? "\"withdrawn\":\"2024-01-02T00:00:00Z\"," : ""
        return """
            {"schema_version":"1.6.0","id":"\(record.id)","modified":"2024-01-01T00:00:00Z",\(withdrawn)\
            "aliases":["CVE-2099-\(record.id.utf8.reduce(0) { $0 * 31 % 9000 + Int($1) } + 1000)"],\
            "severity":[{"type":"CVSS_V3","score":"\(record.severity)"}],\
            "affected":[{"package":{"ecosystem":"\(record.ecosystem)","name":"\(record.package)"},\
            "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}\(fixed)]}]}]}
            """
    }
}
