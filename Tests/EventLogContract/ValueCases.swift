import EventLogPort
import Foundation
import TestSupport
import Testing

extension Contract {
    static let values: [ContractCase] = [
        ContractCase("a value in parts comes back whole, in place of an older one whose parts go") { site in
            let topic = try site.topic("parts")
            let log = try await site.log(topic, .state)
            let old = Data((0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let new = Data((0..<2_100_000).map { UInt8(truncatingIfNeeded: $0 &* 17) })
            let draft = RecordDraft(topic: topic, key: "large", value: old, headers: [Header("ce_id", "1")])
            try await surely { _ = try await log.appendWhole([draft], time: .system) }
            let first = try await wholes(log, topic)
            #expect(first["large"]??.value == old)
            #expect(first["large"]??.header("ce_id") == "1")

            let head = try #require(try PartsHead(first["large"]??.headers ?? []))
            let next = RecordDraft(topic: topic, key: "large", value: new)
            try await surely { _ = try await log.appendWhole([next], time: .system) }
            #expect(try await wholes(log, topic)["large"]??.value == new)
            let later = TimeSource(clock: ContinuousClock(), now: { Date(timeIntervalSinceNow: 2 * 3600) })
            try await surely { _ = try await PartsSweep(log: log, time: later).sweep(topic) }
            #expect(try await wholes(log, topic)["large"]??.value == new)
            // The parts of the old value are tombstones now, or gone.
            var newest: [String: Record] = [:]
            for record in try await log.collectAll(topic) { newest[record.key] = record }
            for (key, record) in newest where key.contains(head.sha256) { #expect(record.isTombstone, "\(key)") }
            await log.close()
        }
    ]

    private static func surely(_ body: () async throws -> Void) async throws {
        for _ in 0..<50 {
            do { return try await body() } catch let error as EventLogError where error.isTransient { continue }
        }
        throw DeadlinePassed(what: "an append")
    }

    /// The newest whole record of each key; nil for what is broken.
    private static func wholes(_ log: any EventLog, _ topic: TopicName) async throws -> [String: WholeRecord?] {
        var found: [String: WholeRecord?] = [:]
        for record in try await log.collectAll(topic).fresh {
            switch try await WholeReader(log: log).assemble(record) {
            case .part, .superseded: break
            case .whole(let whole): found[record.key] = .some(whole)
            case .broken: found[record.key] = .some(nil)
            }
        }
        return found
    }
}
