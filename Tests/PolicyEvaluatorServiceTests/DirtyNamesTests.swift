import Foundation
import GRDB
import Testing

@testable import PolicyEvaluatorService

@Suite("Names to be judged")
struct DirtyNamesTests {
    private let database: DatabaseQueue

    init() throws {
        database = try DatabaseQueue()
        try database.write { try EvaluatorSchema.create($0) }
    }

    private func put(_ name: String, _ digest: String, verdictOn judged: String?, until: Double? = nil) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO names (key, name, registry, repository, digest, resolved, live, event)
                    VALUES (?, ?, 'r', 'a', ?, 1, 1, 'e')
                    """, arguments: [name, name, digest])
            guard let judged else { return }
            try db.execute(
                sql: "INSERT OR REPLACE INTO verdicts VALUES (?, ?, x'00', '', ?)", arguments: [name, judged, until])
        }
    }

    private func order() throws -> [String] { try database.read { try EvaluatorRows.dirty(100, $0).map(\.key) } }

    @Test("those without a verdict on their digest come first, however many wait")
    func priority() throws {
        for number in 0..<50 { try put("old-\(number)", "d", verdictOn: "d") }
        try database.write { try Dirty.all($0) }
        try put("pushed", "d", verdictOn: nil)
        try put("moved", "new", verdictOn: "d")
        try database.write { db in
            try Dirty.name("pushed", db)
            try Dirty.name("moved", db)
            // One that is judged already, and one that is gone.
            try Dirty.name("old-7", db)
            try Dirty.name("gone", db)
        }
        let names = try order()
        #expect(names.prefix(3) == ["pushed", "moved", "old-0"])
        #expect(names.suffix(2) == ["old-7", "gone"])
        #expect(names.count == 53)
    }

    @Test("one whose verdict comes later, as when the view is built anew, then waits with the others")
    func laterVerdict() throws {
        try put("a", "d", verdictOn: nil)
        try put("b", "d", verdictOn: nil)
        try put("c", "d", verdictOn: nil)
        try database.write { db in
            try Dirty.all(db)
            try Dirty.hasVerdict("a", on: "d", db)
            try Dirty.hasVerdict("b", on: "another", db)
        }
        let names = try order()
        #expect(names == ["b", "c", "a"])
    }

    @Test("a name becomes dirty when the time of its verdict comes, and not before")
    func due() throws {
        try put("soon", "d", verdictOn: "d", until: 1_000)
        try put("late", "d", verdictOn: "d", until: 2_000)
        try put("never", "d", verdictOn: "d")
        try database.write { try EvaluatorRows.markDue(Date(timeIntervalSince1970: 999.9), $0) }
        let early = try order()
        #expect(early == [])
        try database.write { try EvaluatorRows.markDue(Date(timeIntervalSince1970: 1_000), $0) }
        let due = try order()
        #expect(due == ["soon"])
        try database.write { db in
            try EvaluatorRows.clean(try EvaluatorRows.dirty(10, db), db)
            try EvaluatorRows.markDue(Date(timeIntervalSince1970: 3_000), db)
        }
        let names = try order()
        #expect(Set(names) == ["soon", "late"])
    }
}
