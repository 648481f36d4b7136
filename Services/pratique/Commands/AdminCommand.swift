import ArgumentParser
import Composition
import EventLogPort
import Events
import Foundation
import Logging
import Model
import ServiceRuntime

/// `pratique admin`: what is done once for an installation, by who runs it.
struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Prepare an installation over Kafka.",
        discussion: """
            Examples:
              pratique admin topics plan --kafka-brokers kafka:9092
              pratique admin topics apply --kafka-brokers kafka:9092
            """,
        subcommands: [AdminTopicsCommand.self])
}

struct AdminTopicsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics",
        abstract: "Compare the brokers' topics with the declared ones, and make what is missing.",
        discussion: """
            Examples:
              pratique admin topics plan --kafka-brokers kafka:9092
              pratique admin topics plan --acls --pools default,edge
            """,
        subcommands: [Plan.self, Apply.self], defaultSubcommand: Plan.self)

    struct Options: ParsableArguments {
        @Option(help: "Scanner pools, separated by commas.") var pools = "default"
        @Argument(
            parsing: .allUnrecognized,
            help: "Settings of the brokers as the services have them: --kafka-brokers HOST:PORT, …")
        var settings: [String] = []

        func topics() throws -> [Topic] {
            do { return try Topics.all(pools: poolNames) } catch {
                throw CommandFailure("bad --pools", cause: "\(error)", status: .usage)
            }
        }

        var poolNames: [String] {
            pools.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
        }

        func kafka() throws -> KafkaSettings {
            let parsed: [String: String]
            do { parsed = try OptionList.parse(settings) } catch {
                throw ConfigurationError([.init(error.text, error.reason)])
            }
            var settings = Settings(options: parsed, environment: ProcessInfo.processInfo.environment)
            let kafka = KafkaSettings.read(from: &settings)
            try settings.finish()
            guard let kafka else {
                throw CommandFailure(
                    "no brokers are named", cause: "topics are made on Kafka; a file needs none",
                    advice: "give --kafka-brokers HOST:PORT, or set PRATIQUE_KAFKA_BROKERS", status: .usage)
            }
            return kafka
        }

        /// - Parameter ask: what is asked of the brokers, or told to them.
        func report(
            _ ask: (TopicAdministration) async throws -> TopicAdministration.Report
        ) async throws -> TopicAdministration.Report {
            let (topics, kafka) = (try topics(), try kafka())
            // What the client says of its connections is in the error.
            var logger = Logger(label: "pratique")
            logger.logLevel = .critical
            do { return try await ask(TopicAdministration(topics, kafka, logger: logger)) } catch {
                throw CommandFailure(
                    "cannot work with the brokers \(kafka.brokers)", cause: "\(error)",
                    advice: "check --kafka-brokers, and what --kafka-security-protocol wants beside it")
            }
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what `apply` would do; exits 1 when a topic is not as declared.",
            discussion: """
                Examples:
                  pratique admin topics plan --kafka-brokers kafka:9092
                  pratique admin topics plan --acls --pools default,edge
                """)
        @Flag(help: "Print the access control lists of each service instead, as commands of Kafka's kafka-acls.sh.")
        var acls = false
        @OptionGroup var options: Options

        func run() async throws {
            if acls { return AccessPlan.lines(try TopicAccess.all(pools: options.poolNames)).forEach(Output.data) }
            try TopicReport(try await options.report { try await $0.plan() }, missing: "to be made").write()
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the topics that are missing; exits 1 when one is not as declared. Nothing is changed.",
            discussion: """
                Examples:
                  pratique admin topics apply --kafka-brokers kafka:9092
                  pratique admin topics apply --kafka-brokers kafka:9092 --pools default,edge
                """)
        @OptionGroup var options: Options

        func run() async throws {
            try TopicReport(try await options.report { try await $0.apply() }, missing: "made").write()
        }
    }
}

/// What is told of the topics.
private struct TopicReport {
    let report: TopicAdministration.Report
    let missing: String

    init(_ report: TopicAdministration.Report, missing: String) {
        self.report = report
        self.missing = missing
    }

    private struct Row {
        let topic: String
        let partitions: Int
        let settings: String
        let state: String

        init(_ topic: Topic, _ state: String) {
            self.topic = topic.name.rawValue
            partitions = topic.partitions
            settings = topic.brokerSettings.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
            self.state = state
        }
    }

    func write() throws {
        let rows =
            report.missing.map { Row($0, missing) } + report.matching.map { Row($0, "as declared") }
        let table = Table<Row>(columns: [
            .init("TOPIC") { $0.topic }, .init("PARTITIONS") { String($0.partitions) }, .init("STATE") { $0.state },
            .init("SETTINGS") { $0.settings },
        ])
        if !rows.isEmpty { Output.data(table.render(rows)) }
        guard let first = report.mismatches.first else { return }
        let all = report.mismatches.map { "\($0.topic): declared \($0.declared), found \($0.found)" }
        throw CommandFailure(
            "\(report.mismatches.count) topics are not as declared, such as \(first.topic)",
            cause: all.joined(separator: "; "),
            advice: "change them with Kafka's own tools, or point the services at a cluster of their own",
            status: .failure)
    }
}
