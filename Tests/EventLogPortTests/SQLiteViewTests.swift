import EventLogPort
import EventLogSQLite
import Foundation
import GRDB
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("Views in SQLite files")
struct SQLiteViewTests {
    private let topic = TopicName(constant: "images")

    private func open(_ folder: TestFolder) async throws -> SQLiteEventLog {
        let log = try await openTestLog(in: folder)
        try await log.declare([Topic(topic, .state)])
        return log
    }

    private func draft(_ key: String, _ value: String?) -> RecordDraft {
        RecordDraft(topic: topic, key: key, value: value.map { Data($0.utf8) })
    }

    private func feed(_ log: any EventLog, _ file: URL, version: Int = 1) async throws -> [String: String] {
        let store = try await NewestInFile.store(file, version: version)
        let view = View(NewestInFile(topics: [topic]), store: store, log: log, time: .system, logger: testLogger)
        let running = Task { try await view.run() }
        try await view.waitUntilReady()
        let rows = try await NewestInFile.rows(store)
        view.stop()
        try await running.value
        await store.close()
        return rows
    }

    @Test("rows and position are kept together and the view goes on")
    func resumes() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let file = folder.file("view.sqlite")
        _ = try await log.append([draft("a", "1"), draft("b", "1")])
        #expect(try await feed(log, file) == ["a": "1", "b": "1"])
        _ = try await log.append([draft("a", "2"), draft("b", nil)])
        #expect(try await feed(log, file) == ["a": "2"])
        let store = try await NewestInFile.store(file)
        let applied = try await store.read { try Int.fetchOne($0, sql: "SELECT sum(applied) FROM newest") }
        #expect(applied == 4)
        await store.close()
        await log.close()
    }

    @Test("an apply that wrote before it threw leaves nothing of it")
    func rollsBack() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([draft("a", "1"), draft("b", "bad-apply"), draft("c", "1")])
        #expect(try await feed(log, folder.file("view.sqlite")) == ["a": "1", "b": "unreadable", "c": "1"])
        await log.close()
    }

    @Test("a deleted, corrupt or differently shaped file is made again", arguments: ["deleted", "corrupt", "version"])
    func madeAgain(_ damage: String) async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let file = folder.file("view.sqlite")
        _ = try await log.append([draft("a", "1")])
        #expect(try await feed(log, file) == ["a": "1"])
        switch damage {
        case "deleted": try FileManager.default.removeItem(at: file)
        case "corrupt": try Data(repeating: 0x42, count: 5000).write(to: file)
        default: break
        }
        #expect(try await feed(log, file, version: damage == "version" ? 7 : 1) == ["a": "1"])
        await log.close()
    }

    @Test("two instances of a service in one folder feed files of their own")
    func twoInstances() async throws {
        let folder = try TestFolder()
        let file = folder.file("view.sqlite")
        let first = try await NewestInFile.store(file)
        let second = try await NewestInFile.store(file)
        #expect(first.file == file)
        #expect(second.file == folder.file("view-2.sqlite"))
        func state(_ position: Int64) -> ViewState {
            ViewState(
                log: LogIdentity("x"), version: 1, positions: [TopicPartition(topic: topic, partition: 0): position],
                fedAt: Date(timeIntervalSince1970: 1))
        }
        try await first.commit(state(7)) { _ in }
        // The one that lags behind.
        try await second.commit(state(3)) { _ in }
        #expect(try await first.load() == state(7))
        await first.close()
        let next = try await NewestInFile.store(file)
        #expect(next.file == file)
        #expect(try await next.load() == state(7))
        await next.close()
        await second.close()
    }

    @Test("a file found corrupt while it is used is made again at the next opening")
    func corruptInUse() async throws {
        let folder = try TestFolder()
        let file = folder.file("view.sqlite")
        let store = try await NewestInFile.store(file)
        let state = ViewState(log: LogIdentity("x"), version: 1, positions: [:], fedAt: Date(timeIntervalSince1970: 1))
        await #expect(throws: StorageError.self) {
            try await store.commit(state) { _ in throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        }
        await store.close()
        let again = try await NewestInFile.store(file)
        #expect(try await again.load() == nil)
        try await again.commit(state) { _ in }
        await again.close()
        let kept = try await NewestInFile.store(file)
        #expect(try await kept.load() == state)
        await kept.close()
    }

    @Test(
        "trouble of the disk is waited out, and no record is blamed for it",
        arguments: [ResultCode.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_NOMEM, .SQLITE_READONLY])
    func passingTrouble(_ code: ResultCode) async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        _ = try await log.append([draft("a", "1"), draft("b", "2")])
        let store = try await NewestInFile.store(folder.file("view.sqlite"))
        let failures = Mutex(3)
        var projection = NewestInFile(topics: [topic])
        projection.onApply = {
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if fails { throw DatabaseError(resultCode: code) }
        }
        let clock = ManualClock()
        let view = View(projection, store: store, log: log, time: clock.time, logger: testLogger)
        let running = Task { try await view.run() }
        try await eventually("the view is ready") {
            clock.advance(by: .seconds(30))
            return view.isReady
        }
        #expect(try await NewestInFile.rows(store) == ["a": "1", "b": "2"])
        #expect(view.unreadableCount == 0)
        view.stop()
        try await running.value
        await store.close()
        await log.close()
    }

    @Test("a file found damaged by an apply ends the view and is made again, and no record is blamed for it")
    func lastingTrouble() async throws {
        let folder = try TestFolder()
        let log = try await open(folder)
        let file = folder.file("view.sqlite")
        _ = try await log.append([draft("a", "1"), draft("b", "2")])
        let store = try await NewestInFile.store(file)
        var projection = NewestInFile(topics: [topic])
        projection.onApply = { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        let view = View(projection, store: store, log: log, time: .system, logger: testLogger)
        await #expect(throws: StorageError.self) { try await view.run() }
        #expect(view.unreadableCount == 0)
        await store.close()
        #expect(try await feed(log, file) == ["a": "1", "b": "2"])
        await log.close()
    }

    @Test("a commit finishes in a cancelled task")
    func cancelled() async throws {
        let folder = try TestFolder()
        let store = try await NewestInFile.store(folder.file("view.sqlite"))
        let state = ViewState(
            log: LogIdentity("x"), version: 1, positions: [TopicPartition(topic: topic, partition: 0): 5],
            fedAt: Date(timeIntervalSince1970: 1))
        let committing = Task {
            while !Task.isCancelled { await Task.yield() }
            try await store.commit(state) { transaction in
                try transaction.db.execute(sql: "INSERT INTO newest VALUES ('k', 'v', 1)")
            }
        }
        committing.cancel()
        try await committing.value
        #expect(try await NewestInFile.rows(store) == ["k": "v"])
        #expect(try await store.load() == state)
        await store.close()
    }
}
