import EventLogKafka
import EventLogPort
import Foundation

/// Brokers that are not in this process, so that their CPU time is not counted.
final class ClusterProcess: Sendable {
    let configuration: KafkaConfiguration
    let admin: (any TopicAdmin)?
    private let stopping: @Sendable () -> Void

    init() throws {
        if let address = ProcessInfo.processInfo.environment["PRATIQUE_BENCH_KAFKA"], !address.isEmpty {
            configuration = KafkaConfiguration(brokers: address)
            admin = nil
            stopping = {}
            return
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).absoluteURL
        process.arguments = ["cluster"]
        let (questions, answers) = (Pipe(), Pipe())
        process.standardInput = questions
        process.standardOutput = answers
        try process.run()
        let lines = LineReader(answers.fileHandleForReading)
        configuration = KafkaConfiguration(brokers: lines.next(), properties: ["fetch.wait.max.ms": "10"])
        admin = ChildAdmin(questions: questions.fileHandleForWriting, answers: lines)
        stopping = { try? questions.fileHandleForWriting.close() }
    }

    func stop() { stopping() }
}

/// Reads lines from a pipe.
private final class LineReader: @unchecked Sendable {
    private let handle: FileHandle
    init(_ handle: FileHandle) { self.handle = handle }

    func next() -> String {
        var line = Data()
        while let byte = try? handle.read(upToCount: 1), !byte.isEmpty, byte != Data("\n".utf8) { line += byte }
        return String(decoding: line, as: UTF8.self)
    }
}

private struct ChildAdmin: TopicAdmin {
    let questions: FileHandle
    let answers: LineReader

    func find(_ names: [TopicName]) async throws -> [TopicName: FoundTopic] { [:] }

    func create(_ topics: [Topic]) async throws {
        for topic in topics {
            try questions.write(contentsOf: Data("\(topic.name) \(topic.partitions)\n".utf8))
            _ = answers.next()
        }
    }
}
