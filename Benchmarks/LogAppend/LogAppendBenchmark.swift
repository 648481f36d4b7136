import CPlainLoop
import EventLogPort
import EventLogSQLite
import Foundation
import Logging

/// The embedded log's append against a plain C loop: 1 KiB values, 64 writers against one transaction per 64, on the
/// same file system, synced both times. Pairs in turn, the median of their ratios.
@main
enum LogAppendBenchmark {
    static let records = 64_000
    static let writers = 64
    static let pairs = 5

    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var ratios: [Double] = []
        for pair in 1...pairs {
            let log = try await appendThroughLog(folder.appending(path: "log-\(pair)"))
            let plain = try await appendPlainly(folder.appending(path: "plain-\(pair)"))
            ratios.append(log.rate / plain)
            print(
                "pair \(pair): log \(Int(log.rate)) records/s with \(log.commits) commits, plain C loop \(Int(plain)) records/s, ratio \(rounded(log.rate / plain))"
            )
        }
        print("log append, median ratio to the plain C loop: \(rounded(ratios.sorted()[pairs / 2]))")
    }

    private static func open(_ folder: URL) async throws -> (log: SQLiteEventLog, topic: Topic) {
        let log = try await SQLiteEventLog.open(folder: folder, time: .system, logger: Logger(label: "bench"))
        let topic = Topic(TopicName(constant: "bench"), .work(keep: .seconds(86_400)))
        try await log.declare([topic])
        return (log, topic)
    }

    private static func appendThroughLog(_ folder: URL) async throws -> (rate: Double, commits: Int) {
        let (log, topic) = try await open(folder)
        let value = Data(repeating: UInt8(ascii: "x"), count: 1024)
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for index in 0..<(records / writers) {
                        let key = "key-\(writer * (records / writers) + index)"
                        _ = try await log.append([RecordDraft(topic: topic.name, key: key, value: value)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let took = seconds(clock.now - start)
        let commits = log.statistics.commits
        await log.close()
        return (Double(records) / took, commits)
    }

    /// The log makes the file, so both write the same table.
    private static func appendPlainly(_ folder: URL) async throws -> Double {
        let (log, _) = try await open(folder)
        await log.close()
        let took = plain_loop(folder.appending(path: "log.sqlite").path, Int64(records), 64, 1)
        guard took > 0 else { throw BenchmarkFailure(code: took) }
        return Double(records) / took
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    struct BenchmarkFailure: Error { var code: Double }
}
