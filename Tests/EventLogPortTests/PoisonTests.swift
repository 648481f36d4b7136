import EventLogPort
import Foundation
import TestSupport
import Testing

/// What each record of the group does is in its value.
@Suite("Poison in a group")
struct PoisonTests {
    private let work = TopicName(constant: "work")
    private let dead = TopicName(constant: "dead-letters")

    private func declare(_ log: any EventLog) async throws {
        try await log.declare([
            Topic(work, .work(keep: .seconds(100_000)), partitions: 2),
            Topic(dead, .journal(keep: .seconds(100_000))),
        ])
    }

    private func draft(_ key: String, _ value: String, partition: Int, headers: [Header] = []) -> RecordDraft {
        RecordDraft(
            topic: work, key: key, value: Data(value.utf8), headers: headers, partition: partition)
    }

    @Test("whatever is wrong with records, those behind them in their partition are handled", arguments: 0..<3)
    func poison(_ run: Int) async throws {
        let folder = try TestFolder()
        let inner: any EventLog = try await openTestLog(in: folder)
        try await declare(inner)
        let log = UnkindEventLog(inner, generator: .printed("poison \(run)"))
        try await declare(log)
        let handler = NotingHandler { record in
            switch record.value.map({ String(decoding: $0, as: UTF8.self) }) {
            case "throws": throw NotingHandler.Failure(disposition: .retry(after: .zero))
            case "unreadable":
                throw NotingHandler.Failure(disposition: .deadLetter(cause: .unreadable, reason: "is no event"))
            case "too long":
                let error = EventLogError.keyTooLong(topic: record.id.topic, bytes: 2_000)
                throw NotingHandler.Failure(disposition: .of(error))
            default: break
            }
        }
        let processor = GroupProcessor(
            log: log, group: GroupName(constant: "poisoned"), topics: [work], deadLetters: dead,
            limits: .init(
                width: 4, retries: Backoff(first: .milliseconds(1), longest: .milliseconds(5), attemptsMax: 3),
                gracefulStop: .seconds(5)), time: .system, logger: testLogger, handler: handler)
        let running = Task { try await processor.run() }
        let head = PartsHead(count: 2, bytes: 20, sha256: String(repeating: "b", count: 64), from: 0)
        // More than a partition hands out at a time.
        for number in 0..<40 {
            try await log.appendSurely([
                draft("throws\(number)", "throws", partition: 0),
                draft("unreadable\(number)", "unreadable", partition: 0),
                draft("long\(number)", "too long", partition: 0),
                draft("broken\(number)", "", partition: 0, headers: head.headers),
            ])
        }
        // Of one key: the second is no reason to forget the first.
        try await log.appendSurely([draft("pair", "", partition: 0, headers: head.headers)])
        try await log.appendSurely([draft("pair", "fine", partition: 0)])
        let good = Set((0..<20).map { "good\($0)" })
        for key in good.sorted() { try await log.appendSurely([draft(key, "fine", partition: 0)]) }
        try await eventually("the good ones are handled") { handler.keys.isSuperset(of: good) }
        try await eventually("each has its letter") { try await self.letters(inner).count == 161 }
        let letters = try await letters(inner)
        let causes = [
            "throws": "gave-up", "unreadable": "unreadable", "long": "refused", "broken": "broken-parts",
            "pair": "broken-parts",
        ]
        for (key, cause) in letters {
            #expect(causes[String(key.prefix { !$0.isNumber })] == cause, "\(key)")
        }
        processor.stop()
        try await running.value
        await log.close()
    }

    /// The cause of each key's letter.
    private func letters(_ log: any EventLog) async throws -> [String: String] {
        let end = try await log.end(of: dead)[0] ?? -1
        guard end >= 0 else { return [:] }
        let reader = try await log.read(dead, after: [:])
        var found: [String: String] = [:]
        var position: Int64 = -1
        while position < end, let batch = try await reader.next() {
            for record in batch { found[record.key] = record.header(DeadLetter.cause) }
            position = batch.last?.position ?? position
        }
        await reader.close()
        return found
    }
}
