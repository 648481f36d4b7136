import ServiceRuntime
import Testing

@testable import Composition

@Suite("Settings of the brokers")
struct KafkaSettingsTests {
    @Test(
        "that are wrong are said by their key, all at once",
        arguments: [
            (["kafka.brokers": ""], ["kafka.brokers"]),
            (["kafka.brokers": "kafka"], ["kafka.brokers"]),
            (["kafka.brokers": "a:9092,,b"], ["kafka.brokers"]),
            (
                [
                    "kafka.brokers": "kafka:9092", "kafka.security-protocol": "sasl_ssl",
                    "kafka.replication-factor": "0",
                ],
                ["kafka.replication-factor", "kafka.security-protocol"]
            ),
            (["kafka.brokers": "kafka:9092", "kafka.certificate-file": "a.pem"], ["kafka.certificate-file"]),
            (["kafka.brokers": "kafka:9092", "kafka.ca-file": "/nowhere/ca.pem"], ["kafka.ca-file"]),
        ])
    func wrong(options: [String: String], keys: [String]) throws {
        var settings = Settings(options: options, environment: [:])
        _ = KafkaSettings.read(from: &settings)
        let error = #expect(throws: ConfigurationError.self) { try settings.finish() }
        let named = Set((error?.problems ?? []).map(\.setting))
        for key in keys { #expect(named.contains { $0.contains(key) }, "\(key) in \(named)") }
    }

    @Test("without brokers the log is a file")
    func none() throws {
        var settings = Settings(options: [:], environment: [:])
        #expect(KafkaSettings.read(from: &settings) == nil)
        try settings.finish()
    }
}
