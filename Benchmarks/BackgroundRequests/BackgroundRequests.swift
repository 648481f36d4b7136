import EventLogKafka
import EventLogPort
import Events
import Foundation
import Logging
import Model

/// Fills the background lane: `bench-BackgroundRequests HOST:PORT REGISTRY COUNT`, with the digests of images that the
/// registry has on standard input, one a line. The requests come in that order; those after them are for digests that
/// it does not have.
@main
enum BackgroundRequests {
    static let batch = 500

    struct Misuse: Error, CustomStringConvertible { let description = "usage: HOST:PORT REGISTRY COUNT" }

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 4, let count = Int(words[3]) else {
            throw Misuse()
        }
        let registry = try RegistryName(words[2])
        var digests: [Digest] = []
        while let line = readLine() { digests.append(try Digest(line)) }
        // The test cluster keeps 5 MiB a partition.
        let log = try KafkaEventLog(
            KafkaConfiguration(brokers: words[1], properties: ["compression.type": "zstd"]), time: .system,
            logger: Logger(label: "bench"))
        let topic = try Topics.scanRequests(pool: "default", .background)
        for first in stride(from: 0, to: count, by: batch) {
            _ = try await log.append(
                try (first..<min(first + batch, count)).map { number in
                    let name = try ImageName("\(registry)/load/app-\(number):1")
                    let missing = try Digest("sha256:" + String(format: "%064x", number))
                    let request = ScanRequest(
                        digest: number < digests.count ? digests[number] : missing, name: name, attempt: 1,
                        reason: "rescan schedule")
                    let context = EventContext(
                        id: "bench/\(number)", source: CommandLine.arguments[0], time: TimeSource.system.now())
                    return try RecordDraft(topic, key: request.key, request, context)
                })
        }
        await log.close()
        print("\(count) requests wait")
    }
}
