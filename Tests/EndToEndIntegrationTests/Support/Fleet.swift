import EventLogKafka
import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Synchronization
import TestSupport

/// Pratique in processes of their own over Kafka: the executables that were built beside the tests, on free ports of
/// 127.0.0.1, each with a data folder of its own.
final class Fleet: GatewayDriver {
    /// One process of a service. It keeps its data folder and its ports when it is started again.
    final class Member: Sendable {
        let service: String
        let data: URL
        let operatorAddress: String
        let environment: [String: String]
        private let lives = Mutex<[RunningProgram]>([])

        fileprivate init(_ service: String, _ number: Int, in folder: URL, _ environment: [String: String]) throws {
            self.service = service
            data = folder.appending(path: "\(service)-\(number)")
            let port = try FreePort.take()
            operatorAddress = "http://127.0.0.1:\(port)"
            var environment = environment
            environment["PRATIQUE_OPERATOR_LISTEN"] = "127.0.0.1:\(port)"
            environment["PRATIQUE_DATA_FOLDER"] = data.path
            self.environment = environment
        }

        var program: RunningProgram? { lives.withLock { $0.last } }

        func start() throws {
            let number = lives.withLock { $0.count } + 1
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            let executable = try PratiqueInstance.executable.deletingLastPathComponent().appending(path: service)
            let program = try RunningProgram(
                executable, [], log: data.appending(path: "life-\(number).log"), environment: environment)
            lives.withLock { $0.append(program) }
        }

        /// SQLite files that may be deleted at any moment.
        var views: [URL] {
            let found = FileManager.default.enumerator(at: data, includingPropertiesForKeys: nil)?.allObjects ?? []
            return found.compactMap { $0 as? URL }.filter {
                $0.pathExtension == "sqlite" && $0.lastPathComponent != "spool.sqlite"
            }.sorted { $0.path < $1.path }
        }

        func delete(_ view: URL) throws {
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: view.path + suffix) {
                try FileManager.default.removeItem(atPath: view.path + suffix)
            }
        }
    }

    static let services = ["webhook-gateway", "registry-enumerator", "scanner", "policy-evaluator", "cleanup"]

    let folder: URL
    let kafka: TestKafka
    let transport = CurlTransport(.init(addresses: .privateNetworks, width: 200))
    let api: String
    let webhooks: String
    private let environment: [String: String]
    private let all = Mutex<[Member]>([])
    private let adminToken = Mutex("")

    var token: String { adminToken.withLock { $0 } }
    var members: [Member] { all.withLock { $0 } }
    var whereToLook: String { folder.path }

    private init(in folder: URL, kafka: TestKafka) throws {
        self.folder = folder
        self.kafka = kafka
        let (api, webhooks) = (try FreePort.take(), try FreePort.take())
        self.api = "http://127.0.0.1:\(api)"
        self.webhooks = "http://127.0.0.1:\(webhooks)"
        environment = [
            "PRATIQUE_KAFKA_BROKERS": kafka.configuration.brokers,
            // The test cluster has no settings of topics.
            "PRATIQUE_KAFKA_CHECK_TOPICS": kafka.cluster == nil ? "true" : "false",
            "PRATIQUE_API_LISTEN": "127.0.0.1:\(api)", "PRATIQUE_WEBHOOKS_LISTEN": "127.0.0.1:\(webhooks)",
            "PRATIQUE_HTTP_ALLOWED_ADDRESSES": "127.0.0.0/8", "PRATIQUE_REGISTRIES_PLAIN_HTTP": "127.0.0.1",
            "PRATIQUE_CREDENTIAL_KEYS": "k-1:" + Data((0..<32).map { UInt8($0) }).base64EncodedString(),
        ]
    }

    /// Starts one of each service, and waits until all are ready.
    static func start(in folder: URL, scanners: Int = 1) async throws -> Fleet {
        let fleet = try Fleet(in: folder, kafka: try TestKafka(brokers: 3))
        try await fleet.kafka.reset(Topics.all(pools: ["default"]))
        do {
            for service in services {
                for _ in 0..<(service == "scanner" ? scanners : 1) { try fleet.add(service) }
            }
            try await fleet.untilReady()
            let file = fleet.members[0].data.appending(path: "webhook-gateway/admin-token")
            let token = try String(contentsOf: file, encoding: .utf8)
            fleet.adminToken.withLock { $0 = token.trimmingCharacters(in: .whitespacesAndNewlines) }
            return fleet
        } catch {
            fleet.stop()
            throw error
        }
    }

    /// Starts one more process of a service; a further gateway gets ports of its own.
    @discardableResult
    func add(_ service: String) throws -> Member {
        let number = members.count { $0.service == service } + 1
        var environment = environment
        if service == "webhook-gateway", number > 1 {
            for name in ["PRATIQUE_API_LISTEN", "PRATIQUE_WEBHOOKS_LISTEN"] {
                environment[name] = "127.0.0.1:\(try FreePort.take())"
            }
        }
        let member = try Member(service, number, in: folder, environment)
        try member.start()
        all.withLock { $0.append(member) }
        return member
    }

    func untilReady() async throws {
        for member in members { try await untilReady(member) }
    }

    func untilReady(_ member: Member) async throws {
        let address = member.operatorAddress + "/ready"
        try await eventually("\(member.service) is ready", within: PratiqueInstance.patience, every: .milliseconds(100))
        {
            guard let program = member.program, program.isRunning else {
                throw PratiqueInstance.Refused(
                    description: "\(member.service) ended: \(member.program?.lastWords ?? "never started")")
            }
            return try await PratiqueInstance.status(of: address, transport) == 200
        }
    }

    /// Asks all to stop in order, at the same time.
    /// - Returns: how each ended.
    @discardableResult
    func stop() -> [String: RunningProgram.Ending] {
        var endings: [String: RunningProgram.Ending] = [:]
        for member in members.reversed() {
            if let program = member.program { endings[member.data.lastPathComponent] = program.stop() }
        }
        return endings
    }
}
