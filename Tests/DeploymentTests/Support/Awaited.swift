/// What the files for deployment use already and the code does not have yet: the adapter for Kafka. A test fails as
/// soon as the code has it; then its line goes.
enum Awaited {
    static let settings = [
        "kafka.brokers", "kafka.security-protocol", "kafka.sasl-mechanism", "kafka.sasl-username",
        "kafka.sasl-password", "kafka.ca-file", "kafka.certificate-file", "kafka.key-file", "kafka.key-password",
        "kafka.instance-name", "kafka.replication-factor",
    ]
    /// First words of commands of `pratique`.
    static let commands = [["admin", "topics"]]
    static let libraries = ["librdkafka.so.1"]
}
