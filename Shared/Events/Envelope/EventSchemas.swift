public import EventLogPort

/// Which payloads there are, and which topics of state hold which: what a program knows of schemas.
public enum EventSchemas {
    /// All but those that live with the only service that reads and writes them.
    public static let all: [any EventPayload.Type] = [
        AlarmRecord.self, AuditEntry.self, CandidateRecord.self, Change.self, Command.self, CrawlMarkRecord.self,
        Delivery.self, GenerationRecord.self, ImageRecord.self, InventoryRecord.self, JudgedRecord.self,
        PolicyRecord.self, RegistryRecord.self, RegistryStatusRecord.self, RemovalRecord.self, ReplayRecord.self,
        Reply.self, ScannerRecord.self, ScanRequest.self, ScanStatusRecord.self, SettingsRecord.self,
        TimelineEntry.self, TokenRecord.self, UnnamedRecord.self, VerdictRecord.self,
    ]

    private static let ofTopics: [(topic: Topic, types: [any EventPayload.Type])] = [
        (Topics.images, [ImageRecord.self]), (Topics.removals, [RemovalRecord.self]),
        (Topics.unnamed, [UnnamedRecord.self]), (Topics.registries, [RegistryRecord.self]),
        (Topics.policies, [PolicyRecord.self]), (Topics.settings, [SettingsRecord.self]),
        (Topics.access, [TokenRecord.self]), (Topics.candidates, [CandidateRecord.self]),
        (Topics.alarms, [AlarmRecord.self]), (Topics.scanStatus, [ScanStatusRecord.self]),
        (Topics.scanners, [ScannerRecord.self]), (Topics.inventories, [InventoryRecord.self]),
        (Topics.generations, [GenerationRecord.self]), (Topics.verdicts, [VerdictRecord.self, JudgedRecord.self]),
        (Topics.registryStatus, [RegistryStatusRecord.self]), (Topics.crawlMarks, [CrawlMarkRecord.self]),
        (Topics.replies, [Reply.self]), (Topics.timeline, [TimelineEntry.self]), (Topics.audit, [AuditEntry.self]),
        (Topics.verdictHistory, [VerdictRecord.self]), (Topics.deadLetters, [ReplayRecord.self]),
    ]

    /// The newest schema of an event's type that this program reads; nil for a type that it does not know.
    public static func known(_ eventType: String) -> Int? {
        all.first { $0.eventType == eventType }?.schemaVersion
    }

    /// The payloads of a topic of state or of a journal.
    public static func payloads(of topic: TopicName) -> [any EventPayload.Type] {
        ofTopics.first { $0.topic.name == topic }?.types ?? []
    }

    /// The version of a view of these topics. It differs when the program reads a newer schema than the one that
    /// filled the view: what that could not read is then read again.
    /// - Parameters:
    ///   - own: of the view's own rows.
    ///   - others: payloads of these topics that live with the service.
    public static func viewVersion(
        _ own: Int, reading topics: [TopicName], and others: [any EventPayload.Type] = []
    ) -> Int {
        version(own, of: topics.flatMap(payloads) + others)
    }

    static func version(_ own: Int, of types: [any EventPayload.Type]) -> Int {
        precondition((1..<1_000).contains(own))
        return own + 1_000 * types.reduce(0) { $0 + $1.schemaVersion - 1 }
    }
}
