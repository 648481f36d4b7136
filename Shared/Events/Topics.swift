public import EventLogPort

/// Every topic, declared once; created or checked at start (`docs/reference/events.md`).
public enum Topics {
    // Work
    public static let changes = Topic(.init(constant: "changes"), .work(keep: .days(30)))
    public static let webhookDeliveries = Topic(
        .init(constant: "webhook-deliveries"), .work(keep: .days(30)), partitions: 4)
    public static let enumeratorCommands = Topic(.init(constant: "enumerator.commands"), .work(keep: .days(7)))
    public static let evaluatorCommands = Topic(.init(constant: "evaluator.commands"), .work(keep: .days(7)))
    public static let cleanupCommands = Topic(.init(constant: "cleanup.commands"), .work(keep: .days(7)))

    // State of the catalogue
    public static let images = Topic(.init(constant: "images"), .state)
    public static let unnamed = Topic(.init(constant: "unnamed"), .state)
    public static let removals = Topic(.init(constant: "removals"), .state)
    public static let registries = Topic(.init(constant: "registries"), .state)
    public static let policies = Topic(.init(constant: "policies"), .state)
    public static let exceptions = Topic(.init(constant: "exceptions"), .state)
    public static let settings = Topic(.init(constant: "settings"), .state)
    public static let access = Topic(.init(constant: "access"), .state)
    public static let candidates = Topic(.init(constant: "candidates"), .state)
    public static let alarms = Topic(.init(constant: "alarms"), .state)

    // State of the other services
    public static let scanStatus = Topic(.init(constant: "scan-status"), .state)
    public static let scanners = Topic(.init(constant: "scanners"), .state)
    public static let inventories = Topic(.init(constant: "inventories"), .state)
    public static let advisories = Topic(.init(constant: "advisories"), .state)
    public static let generations = Topic(.init(constant: "generations"), .state)
    public static let verdicts = Topic(.init(constant: "verdicts"), .state)
    public static let registryStatus = Topic(.init(constant: "registry-status"), .state)
    public static let crawlMarks = Topic(.init(constant: "crawl-marks"), .state)

    // Journals
    public static let replies = Topic(.init(constant: "replies"), .journal(keep: .days(7)))
    public static let timeline = Topic(.init(constant: "timeline"), .journal(keep: .days(30)))
    public static let audit = Topic(.init(constant: "audit"), .journal(keep: .days(400)))
    public static let verdictHistory = Topic(.init(constant: "verdict-history"), .journal(keep: .days(400)))
    public static let deadLetters = Topic(.init(constant: "dead-letters"), .journal(keep: .days(90)))

    /// How urgent a scan is: each lane is a topic of its own, with a share of the scanners.
    public enum Lane: String, Sendable, Codable, CaseIterable { case urgent, background }

    /// Both lanes of a pool have the same number of partitions.
    public static let scanRequestPartitions = 8

    /// - Throws: `EventLogError.badName` when the pool's name cannot be part of a topic's.
    public static func scanRequests(pool: String, _ lane: Lane) throws(EventLogError) -> Topic {
        Topic(
            try TopicName("scan-requests.\(pool).\(lane.rawValue)"), .work(keep: .days(7)),
            partitions: scanRequestPartitions)
    }

    /// All but the scan requests, which come by pool.
    public static let fixed: [Topic] = [
        changes, webhookDeliveries, enumeratorCommands, evaluatorCommands, cleanupCommands,
        images, removals, unnamed, registries, policies, exceptions, settings, access, candidates,
        alarms, scanStatus, scanners, inventories, advisories, generations, verdicts, registryStatus, crawlMarks,
        replies, timeline, audit, verdictHistory, deadLetters,
    ]

    /// Whether records of the topic are shared out in a group.
    public static func isWork(_ name: TopicName) -> Bool {
        if let topic = fixed.first(where: { $0.name == name }) {
            if case .work = topic.kind { return true }
            return false
        }
        return name.rawValue.hasPrefix("scan-requests.")
            && Lane.allCases.contains { name.rawValue.hasSuffix(".\($0.rawValue)") }
    }

    public static func all(pools: [String]) throws(EventLogError) -> [Topic] {
        var topics = fixed
        for pool in pools {
            for lane in Lane.allCases { topics.append(try scanRequests(pool: pool, lane)) }
        }
        return topics
    }
}

extension Duration {
    static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
