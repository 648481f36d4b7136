import CRdkafka
import EventLogPort
import Logging
import Synchronization

/// The consumers that readers share. A client of librdkafka reads a topic once, so two readers of one topic get two
/// clients, and readers of different topics one: a service has as many as its busiest topic has readers.
final class ReaderClients: Sendable {
    static let clientsMax = 64

    /// A topic of one client, for one reader.
    struct Lease: @unchecked Sendable {
        let handle: KafkaHandle
        let topic: OpaquePointer
        fileprivate let client: Int
    }

    /// `topic` handles stay until the client ends: making one anew costs a request for metadata.
    private struct Client: @unchecked Sendable {
        let handle: KafkaHandle
        var topics: [TopicName: OpaquePointer] = [:]
        var taken: Set<TopicName> = []
    }

    private let configuration: KafkaConfiguration
    private let logger: Logger
    private let clients = Mutex<[Client]>([])
    private let asking = Mutex<KafkaHandle?>(nil)

    init(_ configuration: KafkaConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    func lease(_ name: TopicName) throws -> Lease {
        try clients.withLock { clients in
            let index: Int
            if let free = clients.firstIndex(where: { !$0.taken.contains(name) }) {
                index = free
            } else {
                guard clients.count < Self.clientsMax else {
                    throw EventLogError.unavailable(reason: "\(name) has \(Self.clientsMax) readers")
                }
                clients.append(Client(handle: try make()))
                index = clients.count - 1
            }
            let handle = clients[index].handle
            guard let topic = clients[index].topics[name] ?? rd_kafka_topic_new(handle.raw, name.rawValue, nil) else {
                throw handle.failure(rd_kafka_last_error(), topic: name)
            }
            clients[index].topics[name] = topic
            clients[index].taken.insert(name)
            return Lease(handle: handle, topic: topic, client: index)
        }
    }

    func release(_ lease: Lease, of name: TopicName) {
        clients.withLock { clients in
            if lease.client < clients.count { _ = clients[lease.client].taken.remove(name) }
        }
    }

    /// A client that reads nothing, to ask something of: brokers answer one request of a connection after the other,
    /// and a fetch waits for records.
    func any() throws -> KafkaHandle {
        try asking.withLock { asking in
            if let handle = asking { return handle }
            let handle = try make()
            asking = handle
            return handle
        }
    }

    /// Serves what the clients have to say: nobody else does, and it would pile up.
    func tick() {
        let handles = clients.withLock { $0.map(\.handle) } + asking.withLock { $0.map { [$0] } ?? [] }
        for handle in handles { rd_kafka_poll(handle.raw, 0) }
    }

    private func make() throws(EventLogError) -> KafkaHandle {
        try KafkaHandle(.consumer, configuration.reader, KafkaHooks(logger: logger))
    }

    /// After every reader. Blocks: not for the cooperative pool.
    func close() {
        let all = clients.withLock { clients in
            defer { clients = [] }
            return clients
        }
        for client in all {
            for topic in client.topics.values { rd_kafka_topic_destroy(topic) }
            client.handle.close()
        }
        let asked = asking.withLock { asking in
            defer { asking = nil }
            return asking
        }
        asked?.close()
    }
}
