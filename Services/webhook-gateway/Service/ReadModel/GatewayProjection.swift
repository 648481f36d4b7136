import EventLogPort
import Events
import Foundation
import GRDB
import GatewayAPI
import Model
import Storage

/// What the API shows, from the state topics and journals.
///
/// State is kept by key as it is; the list of images is kept ready made, so 100,000 of them list as fast as ten. A
/// summary
/// that does not change is not written and tells nobody.
struct GatewayProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    static let timelineMax = 200
    static let historyMax = 500

    enum Effect: Sendable {
        case document(StoredDocument)
        case image(StoredDocument, ImageRecord)
        case verdict(StoredDocument, VerdictFacts)
        case scan(StoredDocument, ScanFacts)
        case inventory(StoredDocument, Digest, packages: Int, chain: Digest?, children: [String])
        case reply(StoredDocument, Reply)
        case journal(StoredDocument, keepNewest: Int)
        case letter(StoredDocument)
        case replay(ReplayRecord)
        case tombstone
    }

    let version = GatewaySchema.version
    let topics: [TopicName] = Self.topics
    static let topics: [TopicName] = [
        Topics.images, Topics.registries, Topics.policies, Topics.settings, Topics.access, Topics.candidates,
        Topics.alarms, Topics.scanStatus, Topics.inventories, Topics.verdicts, Topics.generations,
        Topics.registryStatus,
        Topics.replies, Topics.timeline, Topics.verdictHistory, Topics.deadLetters,
    ].map(\.name)

    // MARK: Reading a record

    func prepare(_ record: WholeRecord) async throws -> Effect {
        if record.id.topic == Topics.deadLetters.name { return try Self.letter(record) }
        guard let value = record.value else { return .tombstone }
        let document = StoredDocument(record, value: value)
        switch record.id.topic {
        case Topics.images.name: return .image(document, try record.payload(ImageRecord.self))
        case Topics.verdicts.name where record.key == JudgedRecord.key:
            _ = try record.payload(JudgedRecord.self)
            return .document(document)
        case Topics.verdicts.name: return .verdict(document, VerdictFacts(try record.payload(VerdictRecord.self)))
        case Topics.scanStatus.name: return .scan(document, ScanFacts(try record.payload(ScanStatusRecord.self)))
        case Topics.inventories.name:
            switch try record.payload(InventoryRecord.self) {
            case .platform(let inventory):
                let chain =
                    InventoryRecord.isUpload(key: record.key) ? nil : KnownBases.identity(of: inventory.layers)
                return .inventory(
                    document, inventory.digest, packages: inventory.packages.count, chain: chain, children: [])
            case .index(let index):
                let children = index.children.map { InventoryRecord.childKey($0.digest, ofIndex: record.key) }
                return .inventory(document, index.digest, packages: 0, chain: nil, children: children)
            }
        case Topics.registries.name: _ = try record.payload(RegistryRecord.self)
        case Topics.policies.name: _ = try record.payload(PolicyRecord.self)
        case Topics.settings.name: _ = try record.payload(SettingsRecord.self)
        case Topics.access.name: _ = try record.payload(TokenRecord.self)
        case Topics.candidates.name: _ = try record.payload(CandidateRecord.self)
        case Topics.generations.name: _ = try record.payload(GenerationRecord.self)
        case Topics.registryStatus.name: _ = try record.payload(RegistryStatusRecord.self)
        case Topics.replies.name: return .reply(document, try record.payload(Reply.self))
        case Topics.timeline.name:
            _ = try record.payload(TimelineEntry.self)
            return .journal(document, keepNewest: Self.timelineMax)
        case Topics.alarms.name: _ = try record.payload(AlarmRecord.self)
        default: return .journal(document, keepNewest: Self.historyMax)
        }
        return .document(document)
    }

    /// A letter may hold anything, nothing too: it is not read.
    private static func letter(_ record: WholeRecord) throws -> Effect {
        guard record.header(DeadLetter.origin) != nil else { return .replay(try record.payload(ReplayRecord.self)) }
        return .letter(StoredDocument(record, value: record.value ?? Data()))
    }

    // MARK: Writing its rows

    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        let db = transaction.db
        try db.cachedStatement(sql: "DELETE FROM unreadable WHERE topic = ? AND key = ?")
            .execute(arguments: [record.id.topic.rawValue, record.key])
        switch effect {
        case .document(let document): try document.store(db)
        case .image(let document, let image):
            try document.store(db)
            try ImageRows.refresh(image, db)
        case .verdict(let document, let facts):
            try document.store(db)
            try ImageRows.store(facts, key: record.key, db)
            try ImageRows.refresh(name: record.key, db)
        case .scan(let document, let facts):
            try document.store(db)
            try ImageRows.store(facts, digest: record.key, db)
            try ImageRows.refreshAll(digest: record.key, db)
        case .inventory(let document, let digest, let packages, let chain, let children):
            try document.store(db)
            try ImageRows.storeInventory(
                record.key, digest: digest, packages: packages, chain: chain, children: children, db)
            try ImageRows.refreshAll(digest: digest.text, inventory: record.key, db)
        case .reply(let document, let reply): try apply(reply, document, db)
        case .journal(let document, let keepNewest): try document.storeInJournal(db, keepNewest: keepNewest)
        case .letter(let document): try LetterRows.store(document, db)
        case .replay(let replay): try LetterRows.store(replay, db)
        case .tombstone: try remove(record, db)
        }
        try count(record.id.topic, db)
    }

    /// "Accepted" is written by the gateway beside the command and may come after the first words of who does it.
    private func apply(_ reply: Reply, _ document: StoredDocument, _ db: Database) throws {
        if reply.isAcceptance, try StoredDocument.find(Topics.replies, document.key, db) != nil { return }
        try document.store(db)
    }

    private func remove(_ record: WholeRecord, _ db: Database) throws {
        try StoredDocument.remove(record.id.topic, record.key, db)
        switch record.id.topic {
        case Topics.images.name: try ImageRows.remove(name: record.key, db)
        case Topics.verdicts.name:
            try db.cachedStatement(sql: "DELETE FROM verdict WHERE key = ?").execute(arguments: [record.key])
            try ImageRows.refresh(name: record.key, db)
        case Topics.scanStatus.name:
            try db.cachedStatement(sql: "DELETE FROM scan WHERE digest = ?").execute(arguments: [record.key])
            try ImageRows.refreshAll(digest: record.key, db)
        case Topics.inventories.name:
            try ImageRows.removeInventory(record.key, db)
        default: break
        }
    }

    /// Registries and tokens are also held in memory, which follows this counter.
    private func count(_ topic: TopicName, _ db: Database) throws {
        guard topic == Topics.registries.name || topic == Topics.access.name else { return }
        let sql = """
            INSERT INTO counter VALUES ('directory', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1
            """
        try db.cachedStatement(sql: sql).execute()
    }

    // MARK: What cannot be read

    /// What was known of the key is not known any more: a token that cannot be read opens nothing.
    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        let db = transaction.db
        let reason = String("\(error)".prefix(500))
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)")
            .execute(arguments: [record.id.topic.rawValue, record.key, reason])
        if record.id.topic == Topics.deadLetters.name { return }
        try remove(record, db)
        if record.id.topic == Topics.images.name, let name = try? ImageName(record.key) {
            try ImageRows.showUnreadable(name, reason: reason, db)
        }
        try count(record.id.topic, db)
    }

    func reset(in transaction: borrowing Transaction) throws {
        try GatewaySchema.empty(transaction.db)
    }
}

extension Reply {
    static let acceptance = "accepted"
    /// Written by the gateway when it passes a command on.
    var isAcceptance: Bool { state == .running && message == Self.acceptance }
}
