import EventLogPort
import Foundation
import TestSupport
import Testing

extension Contract {
    static let topics: [ContractCase] = [
        ContractCase("declaring a topic twice changes nothing") { site in
            let topic = try site.topic("twice")
            let log = try await site.log(topic, .state)
            try await log.appendSurely([RecordDraft(topic: topic, key: "k", value: data("v"))])
            try await log.declare([Topic(topic, .state)])
            #expect(try await log.collectAll(topic).map(\.key).contains("k"))
            await log.close()
        },
        ContractCase("a topic of another kind or width is refused") { site in
            let topic = try site.topic("mismatch")
            let log = try await site.log(topic, .work(keep: day), partitions: 2)
            for other in [Topic(topic, .state), Topic(topic, .work(keep: day), partitions: 3)] {
                let error = await #expect(throws: EventLogError.self) { try await log.declare([other]) }
                guard case .topicMismatch(topic, _, _)? = error else {
                    Issue.record("not a mismatch: \(String(describing: error))")
                    return
                }
            }
            await log.close()
        },
        ContractCase("an unknown topic is refused") { site in
            let log = try await site.open()
            let topic = try site.topic("unknown")
            await #expect(throws: EventLogError.unknownTopic(topic)) {
                try await log.appendSurely([RecordDraft(topic: topic, key: "k", value: nil)])
            }
            await #expect(throws: EventLogError.unknownTopic(topic)) { _ = try await log.read(topic, after: [:]) }
            await #expect(throws: EventLogError.unknownTopic(topic)) { _ = try await log.end(of: topic) }
            await #expect(throws: EventLogError.unknownTopic(topic)) {
                _ = try await log.join(try site.group("unknown"), topics: [topic])
            }
            await log.close()
        },
        ContractCase("the identity lives as long as the content") { site in
            let topic = try site.topic("identity")
            let log = try await site.log(topic, .state)
            let before = try await log.identity
            await log.close()
            let again = try await site.open()
            #expect(try await again.identity == before)
            await again.close()
        },
        ContractCase("the end names every partition and the newest record") { site in
            let topic = try site.topic("end")
            let log = try await site.log(topic, .work(keep: day), partitions: 3)
            #expect(try await log.end(of: topic) == [0: -1, 1: -1, 2: -1])
            let place = try await log.appendSurely([
                RecordDraft(topic: topic, key: "k", value: data("v"), partition: 1)
            ])
            let ends = try await log.end(of: topic)
            #expect(ends[0] == -1)
            #expect(ends[1] == place.first?.position)
            await log.close()
        },
        ContractCase("a closed log refuses") { site in
            let topic = try site.topic("closed")
            let log = try await site.log(topic, .state)
            await log.close()
            await #expect(throws: EventLogError.closed) {
                try await log.appendSurely([RecordDraft(topic: topic, key: "k", value: nil)])
            }
            await #expect(throws: EventLogError.closed) { _ = try await log.read(topic, after: [:]) }
        },
    ]
}
