import EventLogPort
import Foundation
import GRDB
import TestSupport
import Testing

@testable import EventLogSQLite

@Suite("The log's file")
struct DurabilityTests {
    private let topic = TopicName(constant: "durability")

    private func open(_ folder: TestFolder, kind: Topic.Kind = .state) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder)
        try await log.declare([Topic(topic, kind)])
        return log
    }

    @Test("commits are synced: WAL and FULL are in force on the writer's connection")
    func fullIsInForce() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        // Outside a transaction of its own nothing could be set, but reading is the same inside.
        let found = try await log.writer.perform { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA journal_mode")
            )
        }
        #expect(found.0 == 2)
        #expect(found.1 == "wal")
        await log.close()
    }

    @Test("the files are for their owner alone")
    func modes() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([RecordDraft(topic: topic, key: "k", value: nil)])
        for name in ["log.sqlite", "log.sqlite-wal"] {
            let path = folder.file("log").appending(path: name).path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        await log.close()
    }

    @Test("a file that is no log is said to be corrupt")
    func noLog() async throws {
        let folder = try TestFolder()
        try FileManager.default.createDirectory(at: folder.file("log"), withIntermediateDirectories: true)
        try Data(repeating: 0x41, count: 8192).write(to: folder.file("log").appending(path: "log.sqlite"))
        let error = await #expect(throws: EventLogError.self) { _ = try await openTestLog(in: folder) }
        guard case .corrupt(let reason)? = error else {
            Issue.record("not corrupt: \(String(describing: error))")
            return
        }
        #expect(reason.contains("log.sqlite"))
    }

    @Test("a damaged page is said to be corrupt")
    func damagedPage() async throws {
        let folder = try TestFolder()
        let log = try await open(folder, kind: .journal(keep: .seconds(1000)))
        let value = Data(repeating: 1, count: 2000)
        _ = try await log.append((0..<100).map { RecordDraft(topic: topic, key: "k\($0)", value: value) })
        await log.close()
        let file = folder.file("log").appending(path: "log.sqlite")
        var bytes = try Data(contentsOf: file)
        #expect(bytes.count > 200_000)
        // Everything behind the schema's pages.
        for index in (bytes.count / 2)..<bytes.count { bytes[index] = 0xff }
        try bytes.write(to: file)
        let error = await #expect(throws: EventLogError.self) {
            let again = try await openTestLog(in: folder)
            let reader = try await again.read(TopicName("durability"), after: [:])
            var count = 0
            while count < 100, let batch = try await reader.next() { count += batch.count }
        }
        guard case .corrupt? = error else {
            Issue.record("not corrupt: \(String(describing: error))")
            return
        }
    }

    @Test("a file of a newer version is refused")
    func newerVersion() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        try await log.writer.perform { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')")
        }
        await log.close()
        let error = await #expect(throws: EventLogError.self) { _ = try await openTestLog(in: folder) }
        #expect("\(String(describing: error))".contains("newer version"))
    }

    @Test("a full disk refuses the append, says so, and leaves a log that works when there is room")
    func fullDisk() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        try await log.writer.perform { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
        }
        let large = RecordDraft(topic: topic, key: "large", value: Data(count: 100_000))
        let error = await #expect(throws: EventLogError.self) { _ = try await log.append([large]) }
        guard case .unavailable(let reason)? = error else {
            Issue.record("not unavailable: \(String(describing: error))")
            return
        }
        #expect(reason.contains("disk is full"))
        try await log.writer.perform { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
        let place = try await log.append([large])
        #expect(place.first?.position == 0)
        #expect(try await log.end(of: topic) == [0: 0])
        await log.close()
    }

    @Test("appends at the same time share commits")
    func groupCommit() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<64 {
                group.addTask {
                    for _ in 0..<10 {
                        _ = try await log.append([RecordDraft(topic: topic, key: "\(writer)", value: nil)])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(log.statistics.appended == 640)
        #expect(log.statistics.commits < 640)
        await log.close()
    }

    @Test("positions of a group survive a leave and a close")
    func positions() async throws {
        let folder = try TestFolder()
        let log = try await open(folder, kind: .work(keep: .seconds(1000)))
        _ = try await log.append((0..<5).map { RecordDraft(topic: topic, key: "k\($0)", value: nil) })
        let member = try await log.join(GroupName(constant: "g"), topics: [topic])
        var finished = 0
        while finished < 5, let step = try await member.next() {
            guard case .records(let records) = step else { continue }
            for record in records { try await member.acknowledge(record.id) }
            finished += records.count
        }
        await member.leave()
        let stored = try await log.writer.perform { try Int.fetchOne($0, sql: "SELECT position FROM positions") }
        #expect(stored == 4)
        await log.close()
    }
}
