import EventLogKafka
package import EventLogPort
package import Logging

/// Compares the topics that are declared with those that the brokers have, and makes the missing ones.
package struct TopicAdministration: Sendable {
    package struct Report: Sendable {
        package let missing: [Topic]
        package let matching: [Topic]
        /// Topics that are there and are not as declared.
        package let mismatches: [Mismatch]
    }

    package struct Mismatch: Sendable {
        package let topic: TopicName
        package let declared: String
        package let found: String
    }

    private let topics: [Topic]
    private let kafka: KafkaSettings
    private let logger: Logger

    package init(_ topics: [Topic], _ kafka: KafkaSettings, logger: Logger) {
        self.topics = topics
        self.kafka = kafka
        self.logger = logger
    }

    /// Changes nothing.
    /// - Throws: `EventLogError`.
    package func plan() async throws -> Report {
        try await asking { try await $0.plan(of: topics) }
    }

    /// Makes what is missing; what does not match is left as it is and is still in the report.
    /// - Throws: `EventLogError`.
    package func apply() async throws -> Report {
        try await asking { log in
            let plan = try await log.plan(of: topics)
            try await log.declare(plan.missing)
            return plan
        }
    }

    private func asking(_ body: (KafkaEventLog) async throws -> TopicPlan) async throws -> Report {
        let log = try KafkaEventLog(kafka.configuration(clientID: "pratique-admin"), time: .system, logger: logger)
        let plan: TopicPlan
        do { plan = try await body(log) } catch {
            await log.close()
            throw error
        }
        await log.close()
        return Report(
            missing: plan.missing, matching: plan.matching,
            mismatches: plan.mismatches.map { Mismatch(topic: $0.topic, declared: $0.declared, found: $0.found) })
    }
}

extension Topic {
    /// The settings with which Kafka creates it, by Kafka's names.
    package var brokerSettings: [(String, String)] { kafkaSettings }
}
