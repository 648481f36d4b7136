import EventLogPort
import Events
import Foundation
import GRDB
import GatewayAPI
import Model

/// A dead letter as the read model keeps it.
struct Letter: Sendable {
    let document: StoredDocument
    let cause: String
    let replayedAt: Date?

    var summary: DeadLetterSummary {
        DeadLetterSummary(
            position: document.position, key: document.key, cause: cause, reason: document.header(DeadLetter.reason),
            origin: document.header(DeadLetter.origin), group: document.header(DeadLetter.group),
            bytes: document.value.count, at: document.appendedAt, replayedAt: replayedAt)
    }
}

/// Which letters.
struct LetterQuery: Sendable {
    var cause: String?
    var positions: [Int64]?
    /// nil for all.
    var isOpen: Bool?
    var after: Int64 = -1
    var before: Int64 = .max
    var oldestFirst = false
    var limit = Limits.pageDefault
}

/// The rows of dead letters: each with its cause, and whether it was put back.
enum LetterRows {
    /// The newest; older ones are only in the log.
    static let keptMax = 10_000

    /// Letters of one group and class have one cause.
    static func cause(of document: StoredDocument) -> String {
        let (group, name) = (document.header(DeadLetter.group), document.header(DeadLetter.cause))
        return "\(group.isEmpty ? "unknown" : group)/\(name.isEmpty ? "other" : name)"
    }

    static func store(_ document: StoredDocument, _ db: Database) throws {
        try document.storeInJournal(db, keepNewest: keptMax)
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO letter VALUES (?, ?, NULL)")
            .execute(arguments: [document.position, cause(of: document)])
        let last = "SELECT position FROM letter ORDER BY position DESC LIMIT 1 OFFSET \(keptMax)"
        guard let position = try Int64.fetchOne(db.cachedStatement(sql: last)) else { return }
        try db.cachedStatement(sql: "DELETE FROM letter WHERE position <= ?").execute(arguments: [position])
        try db.cachedStatement(sql: "DELETE FROM journal WHERE topic = ? AND position <= ?")
            .execute(arguments: [Topics.deadLetters.name.rawValue, position])
    }

    static func store(_ replay: ReplayRecord, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE letter SET replayed_at = ? WHERE position = ?")
            .execute(arguments: [replay.at.timeIntervalSince1970, replay.letter])
    }
}

extension ReadModel {
    func letters(_ query: LetterQuery) async throws -> [Letter] {
        try await read { db in
            var parts = ["journal.topic = ?", "letter.position > ?", "letter.position < ?"]
            var arguments: StatementArguments = [Topics.deadLetters.name.rawValue, query.after, query.before]
            if let cause = query.cause {
                parts.append("letter.cause = ?")
                arguments += [cause]
            }
            if let isOpen = query.isOpen { parts.append("letter.replayed_at IS \(isOpen ? "" : "NOT ")NULL") }
            if let positions = query.positions {
                parts.append("letter.position IN (\(positions.map { _ in "?" }.joined(separator: ",")))")
                arguments += StatementArguments(positions)
            }
            let sql = """
                SELECT journal.*, letter.cause, letter.replayed_at FROM letter
                JOIN journal ON journal.position = letter.position
                WHERE \(parts.joined(separator: " AND "))
                ORDER BY letter.position \(query.oldestFirst ? "ASC" : "DESC") LIMIT \(query.limit)
                """
            return try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
                Letter(
                    document: try StoredDocument(row: row), cause: row["cause"],
                    replayedAt: (row["replayed_at"] as Double?).map { Date(timeIntervalSince1970: $0).milliseconds })
            }
        }
    }

    /// Open letters by cause, the cause with the newest letter first.
    func letterGroups(limit: Int) async throws -> [DeadLetterGroup] {
        let rows = try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT cause, count(*) AS n, min(position) AS first, max(position) AS newest FROM letter
                    WHERE replayed_at IS NULL GROUP BY cause ORDER BY newest DESC LIMIT \(limit)
                    """
            ).map {
                (
                    cause: $0["cause"] as String, n: $0["n"] as Int, first: $0["first"] as Int64,
                    newest: $0["newest"] as Int64
                )
            }
        }
        var query = LetterQuery()
        query.positions = Array(Set(rows.flatMap { [$0.first, $0.newest] }))
        query.limit = 2 * limit
        let letters = Dictionary(
            try await letters(query).map { ($0.document.position, $0.summary) }, uniquingKeysWith: { $1 })
        return rows.compactMap { row in
            guard let first = letters[row.first], let newest = letters[row.newest] else { return nil }
            return DeadLetterGroup(cause: row.cause, letters: row.n, firstAt: first.at, newest: newest)
        }
    }

    /// How many letters are open, of one cause or in all.
    func openLetters(of cause: String? = nil) async throws -> Int {
        try await read { db in
            let sql = "SELECT count(*) FROM letter WHERE replayed_at IS NULL AND (?1 IS NULL OR cause = ?1)"
            return try Int.fetchOne(db, sql: sql, arguments: [cause]) ?? 0
        }
    }
}
