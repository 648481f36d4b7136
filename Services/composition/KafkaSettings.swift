import EventLogKafka
import Foundation
import Model
package import ServiceRuntime

/// How the services reach their brokers, where the log is Kafka.
package struct KafkaSettings: Sendable, Hashable {
    package enum Security: String, Sendable, CaseIterable {
        case plaintext, ssl
        case saslPlaintext = "sasl_plaintext"
        case saslSSL = "sasl_ssl"

        var isSASL: Bool { self == .saslPlaintext || self == .saslSSL }
    }

    package enum Mechanism: String, Sendable, CaseIterable {
        case plain = "PLAIN"
        case sha256 = "SCRAM-SHA-256"
        case sha512 = "SCRAM-SHA-512"
    }

    package var brokers: String
    package var securityProtocol: Security
    package var mechanism: Mechanism
    package var username: String?
    package var password: Secret?
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    package var keyPassword: Secret?
    package var instanceName: String?
    package var replicationFactor: Int?
    package var checksTopics: Bool

    /// Nil where no brokers are named: then the log is a file.
    package static func read(from settings: inout Settings) -> KafkaSettings? {
        let brokers: String? = settings.value(
            "kafka.brokers", default: nil, type: "text",
            help: "Brokers as host:port, separated by commas. Without them the log is a file in the data folder.",
            show: { $0 ?? "" }
        ) { text in
            // A variable that was to name them and is not set: a log of its own in each process would be a surprise.
            guard !text.isEmpty else {
                throw ParseError("brokers", in: text, "it is empty: name the brokers, or leave it out")
            }
            return text
        }
        let all = KafkaSettings(brokers ?? "", &settings)
        if let brokers { all.check(brokers, &settings) }
        return brokers == nil ? nil : all
    }

    private init(_ brokers: String, _ settings: inout Settings) {
        self.brokers = brokers
        securityProtocol = settings.choice(
            "kafka.security-protocol", default: .plaintext, help: "How connections to the brokers are secured.")
        mechanism = settings.choice("kafka.sasl-mechanism", default: .sha512, help: "How this process says who it is.")
        username = settings.optionalText("kafka.sasl-username", help: "Who this process is to the brokers.")
        password = settings.secret("kafka.sasl-password", help: "Proves it.")
        caFile = settings.optionalText(
            "kafka.ca-file", help: "Certificates (PEM) that vouch for the brokers; the system's without it.")
        certificateFile = settings.optionalText(
            "kafka.certificate-file", help: "This process's own certificate (PEM), where brokers want one.")
        keyFile = settings.optionalText("kafka.key-file", help: "The private key of that certificate (PEM).")
        keyPassword = settings.secret("kafka.key-password", help: "Opens the private key.")
        instanceName = settings.optionalText(
            "kafka.instance-name",
            help: "A name that outlives restarts and that no other instance has, such as a StatefulSet's pod's.")
        checksTopics = settings.flag(
            "kafka.check-topics", default: true,
            help: "Compare the topics' settings with the declared ones, where the process may see them.")
        replicationFactor = settings.value(
            "kafka.replication-factor", default: nil, type: "number, 1 to 9",
            help: "Copies of topics that are created; the brokers' default without it.",
            show: { $0.map(String.init) ?? "" }
        ) { text in
            guard let number = Int(text), (1...9).contains(number) else {
                throw ConfigurationError([.init("kafka.replication-factor", "it must be a number from 1 to 9")])
            }
            return number
        }
    }

    /// What only several settings together tell.
    private func check(_ brokers: String, _ settings: inout Settings) {
        for broker in brokers.split(separator: ",", omittingEmptySubsequences: false) {
            let trimmed = broker.trimmingPrefix { $0 == " " }
            if (try? ListenAddress(String(trimmed))) == nil {
                settings.problem("kafka.brokers", "“\(trimmed)” is not host:port")
            }
        }
        if securityProtocol.isSASL, username == nil || password == nil {
            settings.problem(
                "kafka.security-protocol",
                "\(securityProtocol.rawValue) wants kafka.sasl-username and kafka.sasl-password")
        }
        if (certificateFile == nil) != (keyFile == nil) {
            settings.problem("kafka.certificate-file", "it goes with kafka.key-file, and the reverse")
        }
        // The library's own words for it are of its certificate store, and name no file.
        let files = [
            ("kafka.ca-file", caFile), ("kafka.certificate-file", certificateFile), ("kafka.key-file", keyFile),
        ]
        for case (let key, let file?) in files where !FileManager.default.isReadableFile(atPath: file) {
            settings.problem(key, "“\(file)” cannot be read: it must be there, and this process must be allowed to")
        }
    }

    func configuration(clientID: String) -> KafkaConfiguration {
        var properties: [String: String] = [:]
        if securityProtocol != .plaintext { properties["security.protocol"] = securityProtocol.rawValue }
        if securityProtocol.isSASL {
            properties["sasl.mechanism"] = mechanism.rawValue
            properties["sasl.username"] = username
            properties["sasl.password"] = password?.exposed
        }
        properties["ssl.ca.location"] = caFile
        properties["ssl.certificate.location"] = certificateFile
        properties["ssl.key.location"] = keyFile
        properties["ssl.key.password"] = keyPassword?.exposed
        return KafkaConfiguration(
            brokers: brokers, clientID: clientID, instanceName: instanceName, replicationFactor: replicationFactor,
            checksTopicSettings: checksTopics, properties: properties)
    }
}
