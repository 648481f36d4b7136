import CRdkafka
public import EventLogPort
import Foundation
import Logging
import Storage

/// Looks at topics and makes them. A port of its own, since librdkafka's test cluster has no administration.
public protocol TopicAdmin: Sendable {
    /// Those that there are.
    /// - Throws: `EventLogError`.
    func find(_ names: [TopicName]) async throws -> [TopicName: FoundTopic]
    /// Creates topics; one that is there already is left as it is.
    /// - Throws: `EventLogError`.
    func create(_ topics: [Topic]) async throws
}

/// The brokers' own administration.
struct BrokerTopicAdmin: TopicAdmin {
    private let clients: ReaderClients
    private let configuration: KafkaConfiguration
    private let logger: Logger

    init(clients: ReaderClients, configuration: KafkaConfiguration, logger: Logger) {
        self.logger = logger
        self.clients = clients
        self.configuration = configuration
    }

    func find(_ names: [TopicName]) async throws -> [TopicName: FoundTopic] {
        let (handle, logger, compares) = (try clients.any(), logger, configuration.checksTopicSettings)
        return try await onOwnThread {
            let partitions = try KafkaMetadata.partitions(handle)
            let there = names.filter { partitions[$0.rawValue] != nil }
            let settings = compares ? try Self.knownSettings(of: there, handle, logger) : nil
            var found: [TopicName: FoundTopic] = [:]
            for name in there {
                found[name] = FoundTopic(
                    partitions: partitions[name.rawValue] ?? 0, settings: settings.map { $0[name.rawValue] ?? [:] })
            }
            return found
        }
    }

    func create(_ topics: [Topic]) async throws {
        guard !topics.isEmpty else { return }
        let handle = try clients.any()
        let replicas = Int32(configuration.replicationFactor ?? -1)
        try await onOwnThread { try Self.create(topics, replicas, handle) }
    }

    // MARK: Requests

    private static func create(_ topics: [Topic], _ replicas: Int32, _ handle: KafkaHandle) throws {
        var text = [CChar](repeating: 0, count: 256)
        var wishes: [OpaquePointer?] = topics.map { topic in
            let wish = rd_kafka_NewTopic_new(
                topic.name.rawValue, Int32(topic.partitions), replicas, &text, text.count)
            for (name, value) in topic.kafkaSettings { rd_kafka_NewTopic_set_config(wish, name, value) }
            return wish
        }
        defer { rd_kafka_NewTopic_destroy_array(&wishes, wishes.count) }
        try request(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
            rd_kafka_CreateTopics(handle.raw, &wishes, wishes.count, options, queue)
        } reading: { event in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            for result in UnsafeBufferPointer(start: results, count: count) {
                let code = rd_kafka_topic_result_error(result)
                if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
                let name = rd_kafka_topic_result_name(result).map { String(cString: $0) } ?? ""
                let said = rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? ""
                throw KafkaFailure.translate(code, "the topic \(name) is not created: \(said)")
            }
        }
    }

    /// Nil where the brokers do not tell settings: then kinds cannot be compared.
    private static func knownSettings(
        of names: [TopicName], _ handle: KafkaHandle, _ logger: Logger
    ) throws -> [String: [String: String]]? {
        do { return try settings(of: names, handle) } catch EventLogError.failed(let reason) {
            logger.warning("the brokers do not tell the topics' settings", metadata: ["error.chain": "\(reason)"])
            return nil
        }
    }

    private static func settings(
        of names: [TopicName], _ handle: KafkaHandle
    ) throws -> [String: [String: String]] {
        guard !names.isEmpty else { return [:] }
        var resources: [OpaquePointer?] = names.map {
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0.rawValue)
        }
        defer { rd_kafka_ConfigResource_destroy_array(&resources, resources.count) }
        var settings: [String: [String: String]] = [:]
        try request(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
            rd_kafka_DescribeConfigs(handle.raw, &resources, resources.count, options, queue)
        } reading: { event in
            var count = 0
            let results = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count)
            for resource in UnsafeBufferPointer(start: results, count: count) {
                let name = rd_kafka_ConfigResource_name(resource).map { String(cString: $0) } ?? ""
                let code = rd_kafka_ConfigResource_error(resource)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    throw KafkaFailure.translate(code, "the settings of the topic \(name)")
                }
                var entries = 0
                let list = rd_kafka_ConfigResource_configs(resource, &entries)
                for entry in UnsafeBufferPointer(start: list, count: entries) {
                    guard let key = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry)
                    else { continue }
                    settings[name, default: [:]][String(cString: key)] = String(cString: value)
                }
            }
        }
        return settings
    }

    private static func request(
        _ handle: KafkaHandle, _ operation: rd_kafka_admin_op_t,
        _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void,
        reading: (_ event: OpaquePointer) throws -> Void
    ) throws {
        let milliseconds = Int32(KafkaConfiguration.callSeconds * 1000)
        let queue = rd_kafka_queue_new(handle.raw)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.raw, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &text, text.count)
        send(options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 1000) else {
            throw EventLogError.unavailable(reason: "the brokers do not answer")
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let said = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
            throw KafkaFailure.translate(code, said)
        }
        try reading(event)
    }
}
