import EventLogPort
import Foundation
import TestSupport
import Testing

@testable import EventLogSQLite

/// Random appends, acknowledgements, compactions, joins, leaves and openings, against a model in memory.
@Suite("The log against a model")
struct LogPropertyTests {
    private struct Model {
        /// Everything ever appended, by topic and partition.
        var records: [TopicPartition: [Record]] = [:]
        var acknowledged: Set<RecordID> = []
    }

    private let state = TopicName(constant: "state")
    private let work = TopicName(constant: "work")
    private let group = GroupName(constant: "group")

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder, time: ManualClock().time)
        try await log.declare([Topic(state, .state), Topic(work, .work(keep: .seconds(1000)), partitions: 3)])
        return log
    }

    @Test("random steps leave what the model says", arguments: 0..<4)
    func steps(_ run: Int) async throws {
        var dice = SeededGenerator.printed("log property \(run)")
        let folder = try TestFolder()
        var log = try await open(folder)
        var member = try await log.join(group, topics: [work])
        var model = Model()
        for step in 0..<100 {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0..<6: try await append(log, &model, &dice, step)
            case 6: try await log.compact()
            case 7: try await finishSome(member, &model, &dice)
            case 8:
                await member.leave()
                member = try await log.join(group, topics: [work])
            default:
                if dice.chance(0.5) { await member.leave() }
                await log.close()
                log = try await open(folder)
                member = try await log.join(group, topics: [work])
            }
        }
        try await log.compact()
        try await checkState(log, model)
        try await checkWork(log, model)
        await member.leave()
        try await checkUnfinished(log, model)
        await log.close()
    }

    private func append(
        _ log: SQLiteEventLog, _ model: inout Model, _ dice: inout SeededGenerator, _ step: Int
    ) async throws {
        var drafts: [RecordDraft] = []
        for number in 0..<Int.random(in: 1...5, using: &dice) {
            let topic = dice.chance(0.5) ? state : work
            let value: Data? = dice.chance(0.2) ? nil : Data("\(step)-\(number)".utf8)
            let headers = dice.chance(0.3) ? [Header("n", "\(number)")] : []
            let key = "k\(Int.random(in: 0..<12, using: &dice))"
            drafts.append(RecordDraft(topic: topic, key: key, value: value, headers: headers))
        }
        for (draft, place) in zip(drafts, try await log.append(drafts)) {
            let before = model.records[place.topicPartition]?.last?.position ?? -1
            #expect(place.position == before + 1)
            model.records[place.topicPartition, default: []].append(
                Record(id: place, key: draft.key, value: draft.value, headers: draft.headers, appendedAt: .distantPast))
        }
    }

    private func finishSome(
        _ member: any GroupMember, _ model: inout Model, _ dice: inout SeededGenerator
    ) async throws {
        // Something is unfinished for sure after this append's worth; otherwise there is nothing to wait for.
        let open = model.records.filter { $0.key.topic == work }.values.joined()
            .contains { !model.acknowledged.contains($0.id) }
        guard open else { return }
        for _ in 0..<Int.random(in: 1...4, using: &dice) {
            let step = try? await withDeadline("a step", within: .milliseconds(20)) { try await member.next() }
            guard case .records(let records)? = step else { continue }
            for record in records.shuffled(using: &dice) where dice.chance(0.7) {
                try await member.acknowledge(record.id)
                model.acknowledged.insert(record.id)
            }
        }
    }

    private func readAll(_ log: SQLiteEventLog, _ topic: TopicName) async throws -> [Record] {
        var missing = try await log.end(of: topic).filter { $0.value >= 0 }
        var records: [Record] = []
        let reader = try await log.read(topic, after: [:])
        while !missing.isEmpty, let batch = try await reader.next() {
            records += batch
            for record in batch where record.position >= missing[record.id.partition] ?? .max {
                missing[record.id.partition] = nil
            }
        }
        await reader.close()
        return records
    }

    private func plain(_ record: Record) -> Record {
        Record(
            id: record.id, key: record.key, value: record.value, headers: record.headers, appendedAt: .distantPast)
    }

    private func checkState(_ log: SQLiteEventLog, _ model: Model) async throws {
        var newest: [String: Record] = [:]
        for record in model.records.values.joined() where record.topic == state { newest[record.key] = record }
        let found = try await readAll(log, state).map(plain)
        #expect(found == newest.values.sorted { $0.position < $1.position })
    }

    private func checkWork(_ log: SQLiteEventLog, _ model: Model) async throws {
        let found = Dictionary(grouping: try await readAll(log, work).map(plain), by: \.id.topicPartition)
        #expect(found == model.records.filter { $0.key.topic == work })
    }

    /// Everything that was never acknowledged is handed out again.
    private func checkUnfinished(_ log: SQLiteEventLog, _ model: Model) async throws {
        let all = Set(model.records.values.joined().map(\.id).filter { $0.topic == work })
        let owed = all.subtracting(model.acknowledged)
        let member = try await log.join(group, topics: [work])
        let handed = try await withDeadline("everything unfinished") {
            var handed: Set<RecordID> = []
            while !handed.isSuperset(of: owed), let step = try await member.next() {
                guard case .records(let records) = step else { continue }
                handed.formUnion(records.map(\.id))
                for record in records { try await member.acknowledge(record.id) }
            }
            return handed
        }
        #expect(handed.isSuperset(of: owed))
        await member.leave()
    }
}
