import EventLogPort
import Foundation
import TestSupport
import Testing

extension Contract {
    static let records: [ContractCase] = [
        ContractCase("a record comes back as it was appended") { site in
            let topic = try site.topic("whole")
            let log = try await site.log(topic, .journal(keep: day))
            let headers = [Header("ce_id", "1"), Header("ce_type", "é€"), Header("empty", ""), Header("ce_id", "2")]
            let bytes = Data((0..<2048).map { UInt8(truncatingIfNeeded: $0) })
            try await log.appendSurely([
                RecordDraft(topic: topic, key: "schlüssel/1", value: bytes, headers: headers),
                RecordDraft(topic: topic, key: "", value: data("no key")),
            ])
            let records = try await log.collectAll(topic)
            let first = try #require(records.first { $0.key == "schlüssel/1" })
            #expect(first.value == bytes)
            #expect(first.headers == headers)
            #expect(first.topic == topic)
            #expect(records.contains { $0.key.isEmpty && $0.value == data("no key") })
            await log.close()
        },
        ContractCase("an empty value is not a tombstone") { site in
            let topic = try site.topic("empty")
            let log = try await site.log(topic, .journal(keep: day))
            try await log.appendSurely([
                RecordDraft(topic: topic, key: "empty", value: Data()),
                RecordDraft(topic: topic, key: "none", value: nil),
            ])
            let records = try await log.collectAll(topic)
            #expect(records.first { $0.key == "empty" }?.value == Data())
            #expect(records.first { $0.key == "none" }?.isTombstone == true)
            await log.close()
        },
        ContractCase("places are returned in the order given and grow within a partition") { site in
            let topic = try site.topic("places")
            let log = try await site.log(topic, .work(keep: day), partitions: 2)
            let drafts = (0..<40).map {
                RecordDraft(topic: topic, key: "k\($0)", value: data("\($0)"), partition: $0 % 2)
            }
            let places = try await log.appendSurely(drafts)
            #expect(places.map(\.partition) == drafts.map(\.partition))
            for partition in 0..<2 {
                let positions = places.filter { $0.partition == partition }.map(\.position)
                #expect(positions == positions.sorted() && Set(positions).count == positions.count)
            }
            let records = try await log.collectAll(topic)
            for (draft, place) in zip(drafts, places) {
                #expect(records.first { $0.id == place }?.key == draft.key)
            }
            await log.close()
        },
        ContractCase("a key decides its partition as Kafka's default does") { site in
            let topic = try site.topic("partition")
            let log = try await site.log(topic, .work(keep: day), partitions: 5)
            for number in 0..<30 {
                let key = "registry.example/team/app-\(number)"
                let place = try await log.appendSurely([RecordDraft(topic: topic, key: key, value: nil)])
                #expect(place.first?.partition == Partitioner.partition(of: key, among: 5))
            }
            await log.close()
        },
        ContractCase("records of one key keep the order of their appends") { site in
            let topic = try site.topic("order")
            let log = try await site.log(topic, .work(keep: day), partitions: 3)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        for number in 0..<25 {
                            try await log.appendSurely([
                                RecordDraft(topic: topic, key: "w\(writer)", value: data("\(number)"))
                            ])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let records = try await log.collectAll(topic).fresh
            for writer in 0..<8 {
                let mine = records.filter { $0.key == "w\(writer)" }
                let numbers = mine.compactMap { $0.value }.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
                #expect(numbers == numbers.sorted())
                #expect(Set(numbers) == Set(0..<25))
                #expect(Set(mine.map(\.id.partition)).count == 1)
            }
            await log.close()
        },
        ContractCase("what was appended is there after opening again") { site in
            let topic = try site.topic("durable")
            let log = try await site.log(topic, .journal(keep: day))
            let places = try await log.appendSurely(
                (0..<10).map {
                    RecordDraft(topic: topic, key: "k\($0)", value: data("\($0)"))
                })
            await log.close()
            let again = try await site.log(topic, .journal(keep: day))
            let found = try await again.collectAll(topic)
            #expect(Set(places).isSubset(of: Set(found.map(\.id))))
            let next = try await again.appendSurely([RecordDraft(topic: topic, key: "k10", value: nil)])
            #expect((next.first?.position ?? -1) > (places.last?.position ?? .max))
            await again.close()
        },
        ContractCase("a value or a key over the limit is refused, the largest value is not") { site in
            let topic = try site.topic("limits")
            let log = try await site.log(topic, .journal(keep: day))
            let most = Data(repeating: 7, count: 900 * 1024)
            try await log.appendSurely([RecordDraft(topic: topic, key: "most", value: most)])
            #expect(try await log.collectAll(topic).last?.value == most)
            await #expect(throws: EventLogError.self) {
                try await log.appendSurely([RecordDraft(topic: topic, key: "more", value: most + Data([1]))])
            }
            let key = String(repeating: "k", count: 1025)
            await #expect(throws: EventLogError.keyTooLong(topic: topic, bytes: 1025)) {
                try await log.appendSurely([RecordDraft(topic: topic, key: key, value: nil)])
            }
            await log.close()
        },
    ]

    static let state: [ContractCase] = [
        ContractCase("a state topic keeps the newest record of each key") { site in
            let topic = try site.topic("state")
            let log = try await site.log(topic, .state)
            var model: [String: String?] = [:]
            for number in 0..<120 {
                let key = "k\(number % 7)"
                let value = number % 11 == 0 ? nil : "\(number)"
                model[key] = value
                try await log.appendSurely([RecordDraft(topic: topic, key: key, value: value.map { data($0) })])
            }
            var found: [String: String?] = [:]
            for record in try await log.collectAll(topic) {
                found[record.key] = .some(record.value.map { String(decoding: $0, as: UTF8.self) })
            }
            // A tombstone may be gone, with everything before it.
            for (key, value) in model { #expect((found[key] ?? nil) == value, "\(key)") }
            await log.close()
        }
    ]
}
