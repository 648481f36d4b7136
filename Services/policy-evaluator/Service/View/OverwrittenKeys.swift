import Advisories
import EventLogPort
import Events
import Foundation
import GRDB
import Logging
import Model
import Storage

/// Writes again what an older instance overwrote after this one took over: advisories and generations.
///
/// The keys are in the view's file, so that they outlast this process. A record of ours that is applied ends it.
struct OverwrittenKeys: Sendable {
    static let batchMax = 500

    let view: View<EvaluatorProjection, SQLiteViewStore>
    let session: ActiveSession
    /// Held while a command writes the same topics.
    let turn: AsyncLock
    let configuration: EvaluatorConfiguration
    let time: TimeSource
    let logger: Logger

    func restore() async throws {
        while try await view.store.read({ try Self.any($0) }) {
            try await turn.withLock {
                // What a command has just written settles its keys.
                let ends = try await session.ends(of: EvaluatorProjection.ownTopics).filter { $0.value >= 0 }
                try await view.waitFor(ends, within: configuration.viewWait)
                let drafts = try await view.store.read { try self.again($0) }
                guard !drafts.isEmpty else { return }
                logger.warning(
                    "keys that an older instance wrote late are written again", metadata: ["keys": "\(drafts.count)"])
                let places = try await session.append(drafts)
                var last: [TopicPartition: Int64] = [:]
                for place in places {
                    last[place.topicPartition] = max(last[place.topicPartition] ?? -1, place.position)
                }
                try await view.waitFor(last, within: configuration.viewWait)
            }
        }
    }

    private static let ours = "topic <> '\(Topics.verdicts.name.rawValue)'"

    private static func any(_ db: Database) throws -> Bool {
        try Row.fetchOne(db, sql: "SELECT 1 FROM overwritten WHERE \(ours) LIMIT 1") != nil
    }

    private func again(_ db: Database) throws -> [RecordDraft] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT topic, key FROM overwritten WHERE \(Self.ours) LIMIT ?", arguments: [Self.batchMax])
        return try rows.map { row in
            let (topic, key): (String, String) = (row["topic"], row["key"])
            let now = time.now().milliseconds
            let context = EventContext(
                id: "again/\(session.term)/\(topic)/\(key)/\(now.rfc3339)", source: PolicyEvaluatorRunner.name,
                time: now)
            if topic == Topics.advisories.name.rawValue { return try advisory(key, context, db) }
            let number = key == GenerationRecord.activeKey ? try Meta.active.readNumber(db) : Int(key)
            guard let number, let record = try AdvisoryRows.generation(number, db) else {
                return .tombstone(Topics.generations, key: key, context)
            }
            let end = GenerationHeader.end(try AdvisoryRows.advisoriesEnd(of: number, db) ?? -1)
            return try RecordDraft(Topics.generations, key: key, record, context, headers: [end])
        }
    }

    /// The newest version that is here, for the generation that it was written for.
    private func advisory(_ key: String, _ context: EventContext, _ db: Database) throws -> RecordDraft {
        let row = try Row.fetchOne(
            db, sql: "SELECT generation, value, form FROM advisories WHERE key = ? ORDER BY generation DESC LIMIT 1",
            arguments: [key])
        let written: Int? = row.map { $0["generation"] }
        let generation = try written ?? Meta.active.readNumber(db) ?? 0
        let header = Header(GenerationHeader.number, String(generation))
        if let record = try row.flatMap({ StoredValue($0) })?.payload(AdvisoryRecord.self) {
            return try RecordDraft(Topics.advisories, key: key, record, context, headers: [header])
        }
        var draft = RecordDraft.tombstone(Topics.advisories, key: key, context)
        draft.headers.append(header)
        return draft
    }
}
