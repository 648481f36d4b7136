import EventLogPort
import GRDB
import Synchronization

/// A declared topic and where its partitions are.
struct TopicEntry: Sendable {
    let name: TopicName
    let kind: Topic.Kind
    /// By partition.
    let slots: [Int64]

    var isState: Bool { kind == .state }

    func topicPartition(_ partition: Int) -> TopicPartition { TopicPartition(topic: name, partition: partition) }
}

/// The topics that this process knows of.
final class TopicTable: Sendable {
    private let entries = Mutex<[TopicName: TopicEntry]>([:])

    subscript(name: TopicName) -> TopicEntry? { entries.withLock { $0[name] } }
    var all: [TopicEntry] { entries.withLock { Array($0.values) } }

    func load(_ db: Database) throws {
        let slots = try Row.fetchAll(db, sql: "SELECT topic, id FROM slots ORDER BY topic, partition")
        let byTopic = Dictionary(grouping: slots) { $0[0] as Int64 }.mapValues { $0.map { $0[1] as Int64 } }
        var found: [TopicName: TopicEntry] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT id, name, kind, keep_seconds FROM topics") {
            let name = try TopicName(row[1] as String)
            let kind = try Self.kind(row[2], keep: row[3])
            found[name] = TopicEntry(name: name, kind: kind, slots: byTopic[row[0]] ?? [])
        }
        entries.withLock { $0 = found }
    }

    /// Creates the topic or checks it. What is kept for how long may change; kind and partitions may not.
    static func declare(_ topic: Topic, _ db: Database) throws {
        let (kind, keep) = text(topic.kind)
        let found = try Row.fetchOne(
            db, sql: "SELECT id, kind, partitions FROM topics WHERE name = ?", arguments: [topic.name.rawValue])
        if let found {
            let before = "\(found[1] as String), \(found[2] as Int) partitions"
            let declared = "\(kind), \(topic.partitions) partitions"
            guard before == declared else {
                throw EventLogError.topicMismatch(topic.name, declared: declared, found: before)
            }
            try db.execute(
                sql: "UPDATE topics SET keep_seconds = ? WHERE id = ? AND keep_seconds IS NOT ?",
                arguments: [keep, found[0] as Int64, keep])
            return
        }
        try db.execute(
            sql: "INSERT INTO topics (name, kind, keep_seconds, partitions) VALUES (?, ?, ?, ?)",
            arguments: [topic.name.rawValue, kind, keep, topic.partitions])
        let id = db.lastInsertedRowID
        for partition in 0..<topic.partitions {
            try db.execute(
                sql: "INSERT INTO slots (topic, partition, next) VALUES (?, ?, 0)", arguments: [id, partition])
        }
    }

    private static func text(_ kind: Topic.Kind) -> (String, Int64?) {
        switch kind {
        case .state: ("state", nil)
        case .journal(let keep): ("journal", keep.components.seconds)
        case .work(let keep): ("work", keep.components.seconds)
        }
    }

    private static func kind(_ text: String, keep: Int64?) throws -> Topic.Kind {
        switch text {
        case "state": return .state
        case "journal": return .journal(keep: .seconds(keep ?? 0))
        case "work": return .work(keep: .seconds(keep ?? 0))
        default: throw EventLogError.corrupt(reason: "a topic is of the unknown kind \(text)")
        }
    }
}
