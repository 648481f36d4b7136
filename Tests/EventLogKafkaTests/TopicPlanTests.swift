import EventLogKafka
import EventLogPort
import Testing

@Suite("What is to be done so that the brokers have the declared topics")
struct TopicPlanTests {
    private let state = Topic(TopicName(constant: "images"), .state)
    private let work = Topic(TopicName(constant: "changes"), .work(keep: .seconds(30 * 86_400)), partitions: 4)

    private func found(_ topic: Topic, _ change: (inout FoundTopic) -> Void = { _ in }) -> [TopicName: FoundTopic] {
        var found = FoundTopic(
            partitions: topic.partitions,
            settings: Dictionary(topic.kafkaSettings, uniquingKeysWith: { first, _ in first }))
        change(&found)
        return [topic.name: found]
    }

    @Test("what is missing is created, what is as declared stays")
    func plan() {
        let plan = TopicPlan([state, work], found: found(state))
        #expect(plan.missing == [work] && plan.matching == [state] && plan.mismatches.isEmpty)
    }

    @Test("a longer time to keep is fine, also no end of it")
    func longer() {
        for text in ["-1", "99999999999"] {
            #expect(TopicPlan([work], found: found(work) { $0.settings?["retention.ms"] = text }).matching == [work])
        }
    }

    @Test("other partitions, another policy and a shorter time do not match")
    func mismatches() {
        let plans = [
            TopicPlan([work], found: found(work) { $0.partitions = 3 }),
            TopicPlan([work], found: found(work) { $0.settings?["cleanup.policy"] = "compact" }),
            TopicPlan([work], found: found(work) { $0.settings?["retention.ms"] = "1000" }),
            TopicPlan([state], found: found(state) { $0.settings?["cleanup.policy"] = "compact,delete" }),
            TopicPlan([state], found: found(state) { $0.settings?["delete.retention.ms"] = "86400000" }),
        ]
        #expect(plans.allSatisfy { $0.mismatches.count == 1 && $0.matching.isEmpty && $0.missing.isEmpty })
        #expect(plans[0].mismatches == [.init(topic: work.name, declared: "partitions=4", found: "partitions=3")])
    }

    @Test("where the brokers do not tell settings only partitions are compared")
    func untold() {
        #expect(TopicPlan([work], found: found(work) { $0.settings = nil }).matching == [work])
        let wide = TopicPlan([work], found: [work.name: FoundTopic(partitions: 9, settings: nil)])
        #expect(wide.mismatches.count == 1)
    }

    @Test("a state topic is compacted, with tombstones for 7 days; the others end")
    func settings() {
        let ofState = Dictionary(state.kafkaSettings, uniquingKeysWith: { first, _ in first })
        #expect(ofState["cleanup.policy"] == "compact" && ofState["delete.retention.ms"] == "604800000")
        let ofWork = Dictionary(work.kafkaSettings, uniquingKeysWith: { first, _ in first })
        #expect(ofWork["cleanup.policy"] == "delete" && ofWork["retention.ms"] == "2592000000")
    }
}
