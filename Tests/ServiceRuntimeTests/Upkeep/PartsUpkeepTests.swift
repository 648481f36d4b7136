import EventLogPort
import EventLogSQLite
import Foundation
import ServiceRuntime
import TestSupport
import Testing

@Suite("Sweeping parts")
struct PartsUpkeepTests {
    @Test("the parts of replaced values go in every topic that is swept, soon after the start")
    func sweeps() async throws {
        let clock = ManualClock()
        let folder = try TestFolder()
        let log = try await openTestLog(in: folder, time: clock.time)
        let topics = [TopicName(constant: "first"), TopicName(constant: "second")]
        try await log.declare(topics.map { Topic($0, .state) })
        for topic in topics {
            for byte: UInt8 in [1, 2] {
                let value = Data(repeating: byte, count: 1_000_000)
                _ = try await log.appendWhole(
                    [RecordDraft(topic: topic, key: "k", value: value)], time: clock.time)
            }
        }
        clock.advance(by: PartsSweep.olderThan + .seconds(1))
        let upkeep = PartsUpkeep(
            topics,
            ports: Ports(
                log: log, transport: PoisonedTransport(), time: clock.time, folder: folder.url, instance: "test",
                logger: testLogger))
        let running = Task { try await upkeep.run() }
        // The log's own upkeep sleeps on the clock, too.
        try await eventually("it sleeps") { clock.sleeperCount >= 2 }
        clock.advance(by: PartsUpkeep.firstAfter)
        for topic in topics {
            // Two parts and a head each time, then two tombstones.
            try await eventually("\(topic) is swept") { try await log.end(of: topic)[0] == 7 }
        }
        running.cancel()
        _ = await running.result
        await log.close()
    }
}
