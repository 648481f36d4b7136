public import EventLogPort
import Foundation
import TestSupport
public import Testing

/// The promises of `EventLog`, as cases that each adapter runs with `@Test(arguments: Contract.cases)`.
///
/// Written for the weakest adapter: positions may have gaps, compaction may be late or never seen, partitions may move
/// at any time, records may come twice, an append that failed may have landed.
public enum Contract {
    public static let cases: [ContractCase] = topics + records + state + readers + groups + sharing + values
}

/// One promise.
public struct ContractCase: Sendable, CustomTestStringConvertible {
    public let name: String
    private let body: @Sendable (ContractSite) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (ContractSite) async throws -> Void) {
        self.name = name
        self.body = body
    }

    public var testDescription: String { name }

    /// - Parameter open: opens the same log each time it is called; a call after `close` finds what was written before.
    public func run(_ open: @escaping @Sendable () async throws -> any EventLog) async throws {
        let site = ContractSite(open: open)
        try await withDeadline(name, within: .seconds(180)) { try await body(site) }
    }
}

/// What a case works with: the log, and names that no other case uses.
struct ContractSite: Sendable {
    let open: @Sendable () async throws -> any EventLog
    let id = String(UUID().uuidString.lowercased().prefix(8))

    func topic(_ word: String) throws -> TopicName { try TopicName("contract.\(word).\(id)") }
    func group(_ word: String) throws -> GroupName { try GroupName("contract.\(word).\(id)") }

    /// Opens the log with one topic declared.
    func log(_ topic: TopicName, _ kind: Topic.Kind, partitions: Int = 1) async throws -> any EventLog {
        let log = try await open()
        try await log.declare([Topic(topic, kind, partitions: partitions)])
        return log
    }
}

let day: Duration = .seconds(24 * 3600)

func data(_ text: String) -> Data { Data(text.utf8) }

extension EventLog {
    /// Appends until it succeeds: a failed attempt may have landed, so records may be there twice.
    @discardableResult
    func appendSurely(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        for _ in 0..<50 {
            do {
                return try await append(drafts)
            } catch let error as EventLogError where error.isTransient {
                continue
            }
        }
        throw DeadlinePassed(what: "an append")
    }

    /// Reads until the condition holds; closes the reader.
    func collect(
        _ topic: TopicName, after positions: [Int: Int64] = [:], until done: @Sendable ([Record]) -> Bool
    ) async throws -> [Record] {
        let reader = try await read(topic, after: positions)
        var records: [Record] = []
        while !done(records), let batch = try await reader.next() { records += batch }
        await reader.close()
        return records
    }

    /// Everything up to the end as of now.
    func collectAll(_ topic: TopicName) async throws -> [Record] {
        let ends = try await end(of: topic).filter { $0.value >= 0 }
        guard !ends.isEmpty else { return [] }
        return try await collect(topic) { records in
            ends.allSatisfy { partition, end in
                records.contains { $0.id.partition == partition && $0.position >= end }
            }
        }
    }
}

extension [Record] {
    /// Repetitions left out: in each partition only records beyond all earlier ones.
    var fresh: [Record] {
        var reached: [TopicPartition: Int64] = [:]
        return filter { record in
            let partition = record.id.topicPartition
            guard record.position > reached[partition] ?? -1 else { return false }
            reached[partition] = record.position
            return true
        }
    }
}
