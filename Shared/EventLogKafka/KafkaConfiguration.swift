/// Where the brokers are, and how this process is known to them.
public struct KafkaConfiguration: Sendable, Hashable {
    /// `host:port`, several separated by commas: where the cluster is asked first.
    public var brokers: String
    /// What the brokers' logs and quotas call this process.
    public var clientID: String
    /// A name that outlives restarts, for static membership: a member that is back within its session gets its
    /// partitions without a rebalance. Only where no other instance can have the same one.
    public var instanceName: String?
    /// Copies of each partition of a topic that is created; nil leaves it to the brokers.
    public var replicationFactor: Int?
    /// Whether the settings of topics that are there are compared with the declared ones. Their partitions always are.
    public var checksTopicSettings: Bool
    /// Further properties of librdkafka, such as those of TLS and SASL. They win over those of this adapter.
    public var properties: [String: String]

    public init(
        brokers: String, clientID: String = "pratique", instanceName: String? = nil, replicationFactor: Int? = nil,
        checksTopicSettings: Bool = true, properties: [String: String] = [:]
    ) {
        self.brokers = brokers
        self.clientID = clientID
        self.instanceName = instanceName
        self.replicationFactor = replicationFactor
        self.checksTopicSettings = checksTopicSettings
        self.properties = properties
    }

    /// How long a call waits for the brokers before it fails as `unavailable`.
    static let callSeconds = 10
    /// How long an append may take, retries included, before it fails as `unavailable`.
    static let deliverySeconds = 30
    /// A member that is not heard of for this long loses its partitions.
    static let sessionSeconds = 10

    private var common: [(String, String)] {
        [
            ("bootstrap.servers", brokers), ("client.id", clientID), ("allow.auto.create.topics", "false"),
            ("log.connection.close", "false"), ("socket.keepalive.enable", "true"),
            ("reconnect.backoff.max.ms", "2000"), ("broker.address.ttl", "10000"),
            ("topic.metadata.refresh.interval.ms", "10000"),
        ]
    }

    private func with(_ own: [(String, String)]) -> [(String, String)] {
        (common + own).filter { properties[$0.0] == nil } + properties.sorted { $0.key < $1.key }
    }

    var producer: [(String, String)] {
        with([
            ("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "1"),
            ("message.timeout.ms", String(Self.deliverySeconds * 1000)), ("statistics.interval.ms", "15000"),
            ("queue.buffering.max.messages", "100000"), ("queue.buffering.max.kbytes", "65536"),
        ])
    }

    /// For what is read whole, by position.
    var reader: [(String, String)] {
        // A reader that joins others on one client waits until their fetch has been answered: so not long.
        with(
            fetching + [
                ("fetch.wait.max.ms", "100"), ("enable.auto.commit", "false"),
                ("enable.partition.eof", "true"),
                ("auto.offset.reset", "error"),
            ])
    }

    /// What the producer and readers are made with, for a comparison with other programs.
    package var producerProperties: [(String, String)] { producer }
    package var readerProperties: [(String, String)] { reader }

    func member(of group: String) -> [(String, String)] {
        let name = instanceName.map { [("group.instance.id", $0)] } ?? []
        return with(
            fetching + name + [
                ("group.id", group), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "true"),
                ("auto.commit.interval.ms", "1000"), ("partition.assignment.strategy", "range"),
                ("session.timeout.ms", String(Self.sessionSeconds * 1000)), ("heartbeat.interval.ms", "2000"),
                ("statistics.interval.ms", "15000"),
                // What a paused partition had in advance is fetched again: so not much, and soon.
                ("fetch.wait.max.ms", "100"), ("max.partition.fetch.bytes", "262144"),
            ])
    }

    /// What is fetched in advance is bounded by its bytes only, and not tightly: at either bound librdkafka 2.0.2 looks
    /// again after a second, so `queued.min.messages` stays at its default.
    private var fetching: [(String, String)] {
        [
            ("enable.auto.offset.store", "false"), ("fetch.max.bytes", "4194304"),
            ("queued.max.messages.kbytes", "16384"), ("fetch.error.backoff.ms", "200"),
        ]
    }
}
