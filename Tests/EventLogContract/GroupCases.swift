import EventLogPort
import Foundation
import TestSupport
import Testing

/// Drives one member: takes steps, remembers what it owns and was handed.
actor Worker {
    let member: any GroupMember
    private(set) var owned: Set<TopicPartition> = []
    private(set) var handed: [Record] = []
    private(set) var finished: Set<RecordID> = []
    private(set) var isOver = false
    /// Whether a step came for a partition that the member was not told it owns.
    private(set) var broken: [String] = []
    private let acknowledges: Bool

    init(_ member: any GroupMember, acknowledges: Bool) {
        self.member = member
        self.acknowledges = acknowledges
    }

    /// Takes steps until `leave` or cancellation.
    func work() async throws {
        while let step = try await member.next() { try await take(step) }
        isOver = true
    }

    private func take(_ step: GroupStep) async throws {
        switch step {
        case .assigned(let partitions):
            if !owned.isDisjoint(with: partitions) { broken.append("assigned twice: \(partitions)") }
            owned.formUnion(partitions)
        case .revoked(let partitions):
            if !owned.isSuperset(of: partitions) { broken.append("revoked but not owned: \(partitions)") }
            owned.subtract(partitions)
        case .records(let records):
            for record in records where !owned.contains(record.id.topicPartition) {
                broken.append("records of a partition not owned: \(record.id)")
            }
            handed += records
            guard acknowledges else { return }
            for record in records {
                try await member.acknowledge(record.id)
                finished.insert(record.id)
            }
        }
    }

    func acknowledge(_ ids: [RecordID]) async throws {
        for id in ids { try await member.acknowledge(id) }
    }

    var keys: Set<String> { Set(handed.map(\.key)) }
}

extension Contract {
    static let groups: [ContractCase] = [
        ContractCase("a group gets every record, and not again what it finished") { site in
            let topic = try site.topic("finish")
            let group = try site.group("finish")
            let log = try await site.log(topic, .work(keep: day), partitions: 2)
            try await log.appendSurely((0..<50).map { RecordDraft(topic: topic, key: "a\($0)", value: nil) })
            let all = Set((0..<50).map { "a\($0)" })
            let first = Worker(try await log.join(group, topics: [topic]), acknowledges: true)
            let working = Task { try await first.work() }
            try await eventually("all are handed out") { await first.keys.isSuperset(of: all) }
            try await settle(first)
            await first.member.leave()
            try await working.value
            #expect(await first.broken.isEmpty)

            // A revocation may have voided an acknowledgement, so what was finished may come once more, but not for
            // ever.
            var repeated = all
            for round in 0..<10 where !repeated.isEmpty {
                let markers = Set((0..<2).map { "r\(round)-\($0)" })
                try await log.appendSurely(
                    (0..<2).map { (number: Int) in
                        RecordDraft(topic: topic, key: "r\(round)-\(number)", value: nil, partition: number)
                    })
                let next = Worker(try await log.join(group, topics: [topic]), acknowledges: true)
                let again = Task { try await next.work() }
                try await eventually("the new ones come") { await next.keys.isSuperset(of: markers) }
                try await settle(next)
                repeated = await next.keys.intersection(all)
                await next.member.leave()
                try await again.value
            }
            #expect(repeated.isEmpty)
            await log.close()
        },
        ContractCase("what was not acknowledged comes again, from the lowest on, also after opening again") { site in
            let topic = try site.topic("again")
            let group = try site.group("again")
            let log = try await site.log(topic, .work(keep: day))
            try await log.appendSurely((0..<10).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
            let all = Set((0..<10).map { "k\($0)" })
            let first = Worker(try await log.join(group, topics: [topic]), acknowledges: false)
            let working = Task { try await first.work() }
            try await eventually("all are handed out") { await first.keys == all }
            // In any order, all but k3.
            let ids = await first.handed.filter { $0.key != "k3" }.map(\.id).reversed()
            try await first.acknowledge(Array(ids))
            await first.member.leave()
            try await working.value
            await log.close()

            let reopened = try await site.log(topic, .work(keep: day))
            let second = Worker(try await reopened.join(group, topics: [topic]), acknowledges: true)
            let again = Task { try await second.work() }
            try await eventually("k3 comes again") { await second.keys.contains("k3") }
            await second.member.leave()
            try await again.value
            await reopened.close()
        },
        ContractCase("at most 64 unfinished records of a partition are handed out") { site in
            let topic = try site.topic("limit")
            let log = try await site.log(topic, .work(keep: day))
            try await log.appendSurely((0..<200).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
            let worker = Worker(try await log.join(try site.group("limit"), topics: [topic]), acknowledges: false)
            let working = Task { try await worker.work() }
            try await eventually("64 are handed out") { await worker.keys.count == 64 }
            // An acknowledgement makes room for exactly one more, wherever it is.
            let middle = try #require(await worker.handed.first { $0.key == "k30" }).id
            try await eventually("one more comes") {
                try await worker.acknowledge([middle])
                return await worker.keys.count >= 65
            }
            #expect(await worker.keys.count == 65)
            await worker.member.leave()
            try await working.value
            await log.close()
        },
        ContractCase("two groups each get everything") { site in
            let topic = try site.topic("two")
            let log = try await site.log(topic, .work(keep: day))
            try await log.appendSurely((0..<20).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
            for name in ["one", "two"] {
                let worker = Worker(try await log.join(try site.group(name), topics: [topic]), acknowledges: true)
                let working = Task { try await worker.work() }
                try await eventually("\(name) has all") { await worker.keys.count == 20 }
                await worker.member.leave()
                try await working.value
            }
            await log.close()
        },
        ContractCase("a member that left answers nil, also to who waits") { site in
            let topic = try site.topic("left")
            let log = try await site.log(topic, .work(keep: day))
            let worker = Worker(try await log.join(try site.group("left"), topics: [topic]), acknowledges: true)
            let working = Task { try await worker.work() }
            try await eventually("it owns the partition") { await worker.owned.count == 1 }
            await worker.member.leave()
            try await working.value
            #expect(await worker.isOver)
            await log.close()
        },
    ]

    static let sharing: [ContractCase] = [
        ContractCase("members share the partitions evenly and take over from who leaves") { site in
            let topic = try site.topic("share")
            let group = try site.group("share")
            let log = try await site.log(topic, .work(keep: day), partitions: 4)
            let one = Worker(try await log.join(group, topics: [topic]), acknowledges: true)
            let first = Task { try await one.work() }
            try await eventually("one has all") { await one.owned.count == 4 }
            let two = Worker(try await log.join(group, topics: [topic]), acknowledges: true)
            let second = Task { try await two.work() }
            try await eventually("each has two") {
                let (left, right) = (await one.owned, await two.owned)
                return left.count == 2 && right.count == 2 && left.isDisjoint(with: right)
            }
            await one.member.leave()
            try await first.value
            try await eventually("two has all") { await two.owned.count == 4 }
            try await log.appendSurely((0..<40).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
            try await eventually("two gets all") { await two.keys.count == 40 }
            #expect(await one.broken.isEmpty)
            #expect(await two.broken.isEmpty)
            await two.member.leave()
            try await second.value
            await log.close()
        },
        ContractCase("every record is finished although members come and go") { site in
            let topic = try site.topic("churn")
            let group = try site.group("churn")
            let log = try await site.log(topic, .work(keep: day), partitions: 3)
            var seen: Set<String> = []
            let all = Set((0..<150).map { "k\($0)" })
            for round in 0..<5 {
                let keys = (round * 30..<round * 30 + 30)
                try await log.appendSurely(keys.map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
                let workers = [
                    Worker(try await log.join(group, topics: [topic]), acknowledges: true),
                    Worker(try await log.join(group, topics: [topic]), acknowledges: true),
                ]
                let tasks = workers.map { worker in Task { try await worker.work() } }
                let wanted = Set(keys.map { "k\($0)" })
                let before = seen
                try await eventually("round \(round) is handed out") {
                    let (left, right) = (await workers[0].keys, await workers[1].keys)
                    return left.union(right).union(before).isSuperset(of: wanted)
                }
                for worker in workers {
                    seen.formUnion(await worker.keys)
                    await worker.member.leave()
                    #expect(await worker.broken.isEmpty)
                }
                for task in tasks { try await task.value }
            }
            #expect(seen == all)
            await log.close()
        },
        ContractCase("a member that has all it may have goes on after another one came and went") { site in
            let topic = try site.topic("full")
            let group = try site.group("full")
            let log = try await site.log(topic, .work(keep: day), partitions: 2)
            try await log.appendSurely(
                (0..<600).map { (number: Int) in
                    RecordDraft(topic: topic, key: "k\(number)", value: nil, partition: number % 2)
                })
            let one = Worker(try await log.join(group, topics: [topic]), acknowledges: false)
            let first = Task { try await one.work() }
            try await eventually("one has all it may have") { await one.keys.count == 128 }
            let two = Worker(try await log.join(group, topics: [topic]), acknowledges: false)
            let second = Task { try await two.work() }
            try await eventually("each has one partition") {
                let (left, right) = (await one.owned, await two.owned)
                return left.count == 1 && right.count == 1
            }
            await two.member.leave()
            try await second.value
            try await eventually("one has both") { await one.owned.count == 2 }
            try await eventually("one gets all", every: .milliseconds(50)) {
                try await one.acknowledge(await one.handed.map(\.id))
                return await one.keys.count == 600
            }
            await one.member.leave()
            try await first.value
            await log.close()
        },
        ContractCase("an acknowledgement of a revoked partition is void") { site in
            let topic = try site.topic("void")
            let group = try site.group("void")
            let log = try await site.log(topic, .work(keep: day), partitions: 2)
            try await log.appendSurely(
                (0..<2).map { (number: Int) in
                    RecordDraft(topic: topic, key: "k\(number)", value: nil, partition: number)
                })
            let one = Worker(try await log.join(group, topics: [topic]), acknowledges: false)
            let first = Task { try await one.work() }
            try await eventually("one has both") { await one.keys.count == 2 }
            let two = Worker(try await log.join(group, topics: [topic]), acknowledges: false)
            let second = Task { try await two.work() }
            try await eventually("two gets the record of its partition, though one was handed it") {
                let (keys, owned) = (await two.keys, await one.owned)
                return keys.count == 1 && owned.count == 1
            }
            try await one.acknowledge(await one.handed.map(\.id))
            await two.member.leave()
            try await second.value
            let lost = try #require(await two.keys.first)
            try await eventually("it is handed out a third time") {
                await one.handed.filter { $0.key == lost }.count >= 2
            }
            await one.member.leave()
            try await first.value
            await log.close()
        },
    ]

    /// Until everything handed out is acknowledged, also what came again.
    private static func settle(_ worker: Worker) async throws {
        try await eventually("everything is acknowledged") {
            let handed = Set(await worker.handed.map(\.id))
            return await worker.finished == handed
        }
    }
}
