import Events
import Foundation
import GRDB
import GatewayAPI
import Model

/// A page of the list of images.
struct ImageQuery: Sendable {
    var scope = Policy.Scope()
    var registry: RegistryName?
    var repository: GlobPattern?
    var status: ImageSummary.Status?
    /// Part of the name.
    var text: String?
    var trashed = false
    var after = ""
    var limit = Limits.pageDefault

    /// Conditions and their arguments; `paged` leaves out those of the page for counting.
    func conditions(paged: Bool = true) -> (sql: String, arguments: StatementArguments) {
        var parts = ["trashed = ?"]
        var arguments: StatementArguments = [trashed]
        func add(_ part: String, _ value: some DatabaseValueConvertible) {
            parts.append(part)
            arguments += [value]
        }
        if paged, !after.isEmpty { add("name > ?", after) }
        if let registry { add("registry = ?", registry.text) }
        if let repository { add("repository GLOB ?", repository.sqliteGlob) }
        if let status { add("status = ?", status.rawValue) }
        if let text, !text.isEmpty { add("instr(lower(name), ?) > 0", text.lowercased()) }
        for (column, patterns) in [("registry", scope.registries), ("repository", scope.repositories)]
        where !patterns.isEmpty {
            parts.append("(" + patterns.map { _ in "\(column) GLOB ?" }.joined(separator: " OR ") + ")")
            arguments += StatementArguments(patterns.map(\.sqliteGlob))
        }
        return (parts.joined(separator: " AND "), arguments)
    }
}

extension GlobPattern {
    /// SQLite's GLOB knows `?` and `[` too; here they stand for themselves.
    var sqliteGlob: String { text.replacing("[", with: "[[]").replacing("?", with: "[?]") }
}

extension ReadModel {
    func images(_ query: ImageQuery) async throws -> Page<ImageSummary> {
        let (sql, arguments) = query.conditions()
        let limit = query.limit
        return try await read { db in
            let found = try Data.fetchAll(
                db, sql: "SELECT summary FROM image WHERE \(sql) ORDER BY name LIMIT \(limit + 1)", arguments: arguments
            )
            let items = try found.prefix(limit).map { try JSONFormat.decode(ImageSummary.self, from: $0) }
            return Page(items: items, next: found.count > limit ? items.last?.name.text : nil)
        }
    }

    /// How many images have which status.
    func statusCounts(_ query: ImageQuery) async throws -> [String: Int] {
        let (sql, arguments) = query.conditions(paged: false)
        return try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT status, count(*) AS n FROM image WHERE \(sql) GROUP BY status", arguments: arguments)
            return Dictionary(rows.map { ($0["status"] as String, $0["n"] as Int) }, uniquingKeysWith: { $1 })
        }
    }

    /// Of each registry, as far as they are in scope.
    func imageCounts(_ scope: Policy.Scope) async throws -> [String: Int] {
        let (sql, arguments) = ImageQuery(scope: scope).conditions(paged: false)
        return try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT registry, count(*) AS n FROM image WHERE \(sql) GROUP BY registry",
                arguments: arguments)
            return Dictionary(rows.map { ($0["registry"] as String, $0["n"] as Int) }, uniquingKeysWith: { $1 })
        }
    }

    func image(_ name: ImageName) async throws -> ImageSummary? {
        let data = try await read { db in
            try Data.fetchOne(db, sql: "SELECT summary FROM image WHERE name = ?", arguments: [name.text])
        }
        return try data.map { try JSONFormat.decode(ImageSummary.self, from: $0) }
    }

    // MARK: Changes, in order

    struct ImageChange: Sendable {
        let seq: Int64
        let name: String
        /// nil when the image is not there any more.
        let summary: Data?
    }

    /// With the generation that they are of.
    func changes(after seq: Int64, limit: Int) async throws -> (generation: Int64, [ImageChange]) {
        try await read { db in
            let sql = """
                SELECT change.seq, change.name, image.summary FROM change LEFT JOIN image ON image.name = change.name
                WHERE change.seq > ? ORDER BY change.seq LIMIT ?
                """
            let changes = try Row.fetchAll(db, sql: sql, arguments: [seq, limit]).map {
                ImageChange(seq: $0["seq"], name: $0["name"], summary: $0["summary"])
            }
            return (try Self.generation(db), changes)
        }
    }

    func lastChange() async throws -> EventID {
        try await read { db in
            let seq = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM change") ?? 0
            return EventID(generation: try Self.generation(db), seq: seq)
        }
    }

    private static func generation(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT value FROM counter WHERE name = 'generation'") ?? 0
    }
}

/// A place in the order in which images changed: `generation-seq`. A read model that was built again is another
/// generation, whose numbers start over.
struct EventID: Sendable, Hashable, LosslessStringConvertible {
    var generation: Int64
    var seq: Int64

    init(generation: Int64, seq: Int64) {
        self.generation = generation
        self.seq = seq
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let generation = Int64(parts[0]), let seq = Int64(parts[1]) else { return nil }
        self.init(generation: generation, seq: seq)
    }

    var description: String { "\(generation)-\(seq)" }
}
