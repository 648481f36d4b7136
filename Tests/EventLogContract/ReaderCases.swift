import EventLogPort
import Foundation
import TestSupport
import Testing

extension Contract {
    static let readers: [ContractCase] = [
        ContractCase("a reader starts after the positions given") { site in
            let topic = try site.topic("after")
            let log = try await site.log(topic, .journal(keep: day))
            var places: [RecordID] = []
            for number in 0..<10 {
                places += try await log.appendSurely([RecordDraft(topic: topic, key: "k\(number)", value: nil)])
            }
            let last = places[9].position
            let found = try await log.collect(topic, after: [0: places[5].position]) { records in
                records.contains { $0.position >= last }
            }
            #expect(found.allSatisfy { $0.position > places[5].position })
            #expect(Set(places[6...]).isSubset(of: Set(found.map(\.id))))
            await log.close()
        },
        ContractCase("a reader at the end goes on with the next append") { site in
            let topic = try site.topic("follow")
            let log = try await site.log(topic, .journal(keep: day), partitions: 2)
            let reader = try await log.read(topic, after: [:])
            let following = Task {
                var keys: Set<String> = []
                while keys.count < 20, let batch = try await reader.next() { keys.formUnion(batch.map(\.key)) }
                return keys
            }
            for number in 0..<20 {
                try await log.appendSurely([RecordDraft(topic: topic, key: "k\(number)", value: nil)])
            }
            #expect(try await following.value == Set((0..<20).map { "k\($0)" }))
            await reader.close()
            await log.close()
        },
        ContractCase("a closed reader answers nil, also to who waits") { site in
            let topic = try site.topic("close")
            let log = try await site.log(topic, .journal(keep: day))
            let reader = try await log.read(topic, after: [:])
            let waiting = Task { try await reader.next() }
            await Task.yield()
            await reader.close()
            #expect(try await waiting.value == nil)
            #expect(try await reader.next() == nil)
            await log.close()
        },
        ContractCase("a cancelled wait throws and the reader stays usable") { site in
            let topic = try site.topic("cancel")
            let log = try await site.log(topic, .journal(keep: day))
            let reader = try await log.read(topic, after: [:])
            let waiting = Task { try await reader.next() }
            await Task.yield()
            waiting.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            try await log.appendSurely([RecordDraft(topic: topic, key: "k", value: nil)])
            #expect(try await reader.next()?.first?.key == "k")
            await reader.close()
            await log.close()
        },
        ContractCase("two readers of a topic both get everything") { site in
            let topic = try site.topic("both")
            let log = try await site.log(topic, .journal(keep: day))
            try await log.appendSurely((0..<30).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
            let first = Set(try await log.collectAll(topic).map(\.key))
            let second = Set(try await log.collectAll(topic).map(\.key))
            #expect(first == Set((0..<30).map { "k\($0)" }))
            #expect(second == first)
            await log.close()
        },
        ContractCase("closing the log ends its readers") { site in
            let topic = try site.topic("logclose")
            let log = try await site.log(topic, .journal(keep: day))
            let reader = try await log.read(topic, after: [:])
            let waiting = Task { try await reader.next() }
            await Task.yield()
            await log.close()
            #expect(try await waiting.value == nil)
        },
    ]
}
