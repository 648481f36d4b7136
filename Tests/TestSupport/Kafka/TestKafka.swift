public import EventLogKafka
public import EventLogPort
import Foundation
public import KafkaTestCluster
import Storage

/// Brokers for a test: those that `PRATIQUE_TEST_KAFKA` names, or a test cluster of its own.
public struct TestKafka: Sendable {
    /// Real brokers' address, if there are any.
    public static let address: String? = {
        let text = ProcessInfo.processInfo.environment["PRATIQUE_TEST_KAFKA"] ?? ""
        return text.isEmpty ? nil : text
    }()

    public let cluster: MockCluster?

    public init(brokers: Int = 1) throws {
        cluster = Self.address == nil ? try MockCluster(brokers: brokers) : nil
    }

    public var configuration: KafkaConfiguration {
        cluster?.configuration ?? KafkaConfiguration(brokers: Self.address ?? "")
    }

    /// Topics as if nothing had ever been written: real brokers' are deleted first, with all groups, so give the
    /// tests a cluster of their own.
    public func reset(_ topics: [Topic]) async throws {
        if let cluster { return try await cluster.admin.create(topics) }
        guard let address = Self.address else { return }
        try await onOwnThread {
            try MockCluster.deleteGroups(of: address)
            try MockCluster.deleteTopics(topics.map(\.name.rawValue), of: address)
        }
        let log = try log()
        try await log.declare(topics)
        await log.close()
    }

    public func log(time: TimeSource = .system) throws -> KafkaEventLog {
        try KafkaEventLog(configuration, admin: cluster?.admin, time: time, logger: testLogger)
    }
}
