public import EventLogPort

/// What one service may do with the topics: what a broker's access control lists hold it to, and what the tests of the
/// services do.
public struct TopicAccess: Sendable {
    public let service: String
    public let writes: [Topic]
    public let reads: [Topic]
    /// Names of its groups; one that ends in `*` stands for all that begin so.
    public let groups: [String]

    /// Every service's, for these scanner pools.
    /// - Throws: `EventLogError.badName` when a pool's name cannot be part of a topic's.
    public static func all(pools: [String]) throws(EventLogError) -> [TopicAccess] {
        var requests: [Topic] = []
        for pool in pools {
            for lane in Topics.Lane.allCases { requests.append(try Topics.scanRequests(pool: pool, lane)) }
        }
        return [gateway(requests), enumerator, scanner(requests), evaluator, cleanup]
    }

    private static func gateway(_ requests: [Topic]) -> TopicAccess {
        TopicAccess(
            service: "webhook-gateway",
            writes: [
                Topics.changes, Topics.webhookDeliveries, Topics.enumeratorCommands, Topics.evaluatorCommands,
                Topics.cleanupCommands, Topics.images, Topics.removals, Topics.unnamed, Topics.registries,
                Topics.policies, Topics.exceptions, Topics.settings, Topics.access, Topics.candidates,
                Topics.scanStatus, Topics.scanners, Topics.alarms, Topics.inventories, Topics.replies, Topics.timeline,
                Topics.audit, Topics.deadLetters,
            ] + requests,
            reads: [
                Topics.changes, Topics.webhookDeliveries, Topics.images, Topics.removals, Topics.unnamed,
                Topics.registries, Topics.policies, Topics.exceptions, Topics.settings, Topics.access,
                Topics.candidates, Topics.scanStatus, Topics.scanners, Topics.alarms, Topics.inventories,
                Topics.generations, Topics.verdicts,
                Topics.registryStatus, Topics.replies, Topics.timeline, Topics.audit, Topics.verdictHistory,
                Topics.deadLetters,
            ],
            groups: ["webhook-gateway.*"])
    }

    private static let enumerator = TopicAccess(
        service: "registry-enumerator",
        writes: [
            Topics.changes, Topics.enumeratorCommands, Topics.registryStatus, Topics.crawlMarks, Topics.replies,
            Topics.timeline, Topics.deadLetters,
        ],
        reads: [
            Topics.enumeratorCommands, Topics.registries, Topics.settings, Topics.registryStatus, Topics.crawlMarks,
            Topics.images, Topics.deadLetters,
        ],
        groups: ["registry-enumerator"])

    private static func scanner(_ requests: [Topic]) -> TopicAccess {
        TopicAccess(
            service: "scanner",
            writes: requests + [
                Topics.changes, Topics.scanStatus, Topics.scanners, Topics.inventories, Topics.timeline,
                Topics.deadLetters,
            ],
            reads: requests + [Topics.registries, Topics.scanStatus, Topics.deadLetters], groups: ["scanner.*"])
    }

    private static let evaluator = TopicAccess(
        service: "policy-evaluator",
        writes: [
            Topics.evaluatorCommands, Topics.advisories, Topics.generations, Topics.verdicts, Topics.verdictHistory,
            Topics.replies, Topics.timeline, Topics.deadLetters,
        ],
        reads: [
            Topics.evaluatorCommands, Topics.images, Topics.candidates, Topics.registries, Topics.policies,
            Topics.exceptions, Topics.inventories, Topics.scanStatus, Topics.verdicts, Topics.advisories,
            Topics.generations, Topics.replies, Topics.deadLetters,
        ],
        groups: ["policy-evaluator"])

    private static let cleanup = TopicAccess(
        service: "cleanup",
        writes: [
            Topics.changes, Topics.cleanupCommands, Topics.replies, Topics.timeline, Topics.deadLetters,
        ],
        reads: [Topics.cleanupCommands, Topics.images, Topics.scanStatus, Topics.deadLetters], groups: ["cleanup"])
}
