import CPlainKafka
import EventLogKafka
import EventLogPort
import Events
import Foundation
import KafkaTestCluster
import Logging

/// The Kafka log's append and reading against a plain C program: 1 KiB values, the same library, properties and
/// brokers. Pairs in turn, the medians of their ratios.
///
/// The brokers are those of `PRATIQUE_BENCH_KAFKA=host:port`, or librdkafka's test cluster in a process of its own:
/// this program, started with `cluster`. Started with `clear` it deletes Pratique's topics, and all groups, of the
/// former.
@main
enum KafkaLogBenchmark {
    static let records = 160_000
    static let writers = 64
    static let batch = 100
    static let partitions = 32
    static let pairs = 5

    static func main() async throws {
        if CommandLine.arguments.dropFirst().first == "cluster" { return try await serveCluster() }
        if CommandLine.arguments.dropFirst().first == "clear" { return clear() }
        let child = try ClusterProcess()
        defer { child.stop() }
        var appends: [Pair] = []
        var reads: [Pair] = []
        for pair in 1...pairs {
            let log = try KafkaEventLog(
                child.configuration, admin: child.admin, time: .system, logger: Logger(label: "bench"))
            // Brokers take the first records of a topic more slowly: each program gets one of its own.
            let (topic, other) = (try newTopic(), try newTopic())
            try await log.declare([topic, other])
            appends.append(Pair(ours: try await append(log, topic), plain: plainAppend(child.configuration, other)))
            let count = try await log.count(of: topic)
            await log.close()
            reads.append(
                Pair(ours: try await read(child, topic, count), plain: plainRead(child.configuration, topic, count)))
            print("pair \(pair): append \(appends[pair - 1]), read \(reads[pair - 1])")
        }
        report("append", appends)
        report("read", reads)
    }

    private static func newTopic() throws -> Topic {
        Topic(
            try TopicName("bench-\(UUID().uuidString.lowercased())"), .work(keep: .seconds(86_400)),
            partitions: partitions)
    }

    struct Run {
        let records: Int
        let seconds: Double
        let cpuSeconds: Double
        var rate: Double { Double(records) / seconds }
    }

    struct Pair: CustomStringConvertible {
        let ours: Run
        let plain: Run
        var rate: Double { ours.rate / plain.rate }
        var cpu: Double { (ours.cpuSeconds / Double(ours.records)) / (plain.cpuSeconds / Double(plain.records)) }
        var description: String {
            "\(Int(ours.rate)) records/s against \(Int(plain.rate)) (\(rounded(rate))), CPU \(rounded(cpu))"
        }
    }

    private static func report(_ what: String, _ pairs: [Pair]) {
        let middle = pairs.count / 2
        print("kafka \(what), median ratio to the plain C program: \(rounded(pairs.map(\.rate).sorted()[middle]))")
        print("kafka \(what), median ratio of its CPU: \(rounded(pairs.map(\.cpu).sorted()[middle]))")
    }

    // MARK: Ours

    private static func append(_ log: KafkaEventLog, _ topic: Topic) async throws -> Run {
        let value = Data(repeating: UInt8(ascii: "x"), count: 1024)
        // Made before the clock starts, as the plain program's keys are.
        let batches = stride(from: 0, to: records, by: batch).map { first in
            (first..<first + batch).map {
                RecordDraft(topic: topic.name, key: "key-\($0)", value: value, partition: $0 % partitions)
            }
        }
        return try await measured(records) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for round in stride(from: writer, to: batches.count, by: writers) {
                            _ = try await log.append(batches[round])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// With a client of its own, as the plain program has.
    private static func read(_ child: ClusterProcess, _ topic: Topic, _ count: Int) async throws -> Run {
        let log = try KafkaEventLog(
            child.configuration, admin: child.admin, time: .system, logger: Logger(label: "bench"))
        let run = try await measured(count) {
            let reader = try await log.read(topic.name, after: [:])
            var seen = 0
            while seen < count, let batch = try await reader.next() { seen += batch.count }
            await reader.close()
        }
        await log.close()
        return run
    }

    private static func measured(_ records: Int, _ body: () async throws -> Void) async throws -> Run {
        let clock = ContinuousClock()
        let (start, cpu) = (clock.now, plain_cpu_seconds())
        try await body()
        let took = clock.now - start
        return Run(
            records: records,
            seconds: Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18,
            cpuSeconds: plain_cpu_seconds() - cpu)
    }

    // MARK: The yardstick

    private static func plainAppend(_ configuration: KafkaConfiguration, _ topic: Topic) -> Run {
        let run = withProperties(configuration.producerProperties) {
            plain_kafka_append(
                $0, topic.name.rawValue, Int32(partitions), Int64(records), Int64(writers), Int64(batch))
        }
        return Run(records: records, seconds: run.seconds, cpuSeconds: run.cpu_seconds)
    }

    private static func plainRead(_ configuration: KafkaConfiguration, _ topic: Topic, _ count: Int) -> Run {
        let run = withProperties(configuration.readerProperties) {
            plain_kafka_consume($0, topic.name.rawValue, Int32(partitions), Int64(count))
        }
        return Run(records: count, seconds: run.seconds, cpuSeconds: run.cpu_seconds)
    }

    private static func withProperties<T>(
        _ properties: [(String, String)], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T
    ) -> T {
        let texts = properties.flatMap { [strdup($0.0), strdup($0.1)] }
        defer { texts.forEach { free($0) } }
        let pointers = texts.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("the list ends with nil") }
            return body(start)
        }
    }

    /// Ends with 1 as long as a group has members.
    private static func clear() {
        let address = ProcessInfo.processInfo.environment["PRATIQUE_BENCH_KAFKA"] ?? ""
        do {
            try MockCluster.deleteGroups(of: address)
            try MockCluster.deleteTopics(Topics.all(pools: ["default"]).map(\.name.rawValue), of: address)
        } catch {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(1)
        }
    }

    // MARK: The test cluster

    private static func serveCluster() async throws {
        let cluster = try MockCluster()
        if CommandLine.arguments.dropFirst(2).first == "pratique" {
            try await cluster.admin.create(Topics.all(pools: ["default"]))
        }
        // Topics are made by who asks for them on standard input; the end of that is the end.
        say(cluster.brokers)
        while let line = readLine() {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let partitions = Int(parts[1]) else { continue }
            try await cluster.admin.create([
                Topic(try TopicName(String(parts[0])), .work(keep: .seconds(86_400)), partitions: partitions)
            ])
            say("made")
        }
    }

    /// Not `print`, which keeps lines back when its output is a pipe.
    private static func say(_ line: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}

private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

extension KafkaEventLog {
    /// How many records the topic has.
    fileprivate func count(of topic: Topic) async throws -> Int {
        let reader = try await read(topic.name, after: [:])
        let ends = try await end(of: topic.name).filter { $0.value >= 0 }
        var reached: [Int: Int64] = [:]
        var count = 0
        while !ends.allSatisfy({ $0.value <= reached[$0.key] ?? -1 }), let batch = try await reader.next() {
            count += batch.count
            for record in batch { reached[record.id.partition] = record.position }
        }
        await reader.close()
        return count
    }
}
