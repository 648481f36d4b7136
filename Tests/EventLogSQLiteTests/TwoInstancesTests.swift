import EventLogPort
import EventLogSQLite
import Foundation
import TestSupport
import Testing

/// Two open logs over one file behave as two processes do: they share nothing but the file and its locks.
@Suite("Several processes on one file")
struct TwoInstancesTests {
    private let topic = TopicName(constant: "shared")
    private let group = GroupName(constant: "workers")

    private func openBoth(_ folder: TestFolder) async throws -> (SQLiteEventLog, SQLiteEventLog) {
        let first = try await openTestLog(in: folder)
        try await first.declare([Topic(topic, .work(keep: .seconds(1000)), partitions: 2)])
        return (first, try await openTestLog(in: folder))
    }

    @Test("a reader wakes up when another process appends")
    func wakeUp() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let reader = try await second.read(topic, after: [:])
        for number in 0..<5 {
            let key = "k\(number)"
            let waiting = Task { try await reader.next() }
            _ = try await first.append([RecordDraft(topic: topic, key: key, value: nil)])
            let batch = try await withDeadline("the other process's record") { try await waiting.value }
            #expect(batch?.map(\.key) == [key])
        }
        await first.close()
        await second.close()
    }

    @Test("a reader wakes up although its own process appends to another topic at the same time")
    func wakeUpBesideAppends() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let other = TopicName(constant: "other")
        try await first.declare([Topic(other, .state)])
        let reader = try await second.read(topic, after: [:])
        for number in 0..<100 {
            let key = "k\(number)"
            _ = try await first.append([RecordDraft(topic: topic, key: key, value: nil)])
            // The first to notice what the other process wrote is the transaction of this append.
            _ = try await second.append([RecordDraft(topic: other, key: key, value: nil)])
            let batch = try await withDeadline("the other process's record") { try await reader.next() }
            #expect(batch?.map(\.key) == [key])
        }
        await first.close()
        await second.close()
    }

    @Test("what another process wrote before this one's first append is found")
    func firstWorkIsAnAppend() async throws {
        let other = TopicName(constant: "other")
        let folder = try TestFolder()
        let first = try await openTestLog(in: folder)
        try await first.declare([Topic(topic, .work(keep: .seconds(1000))), Topic(other, .state)])
        _ = try await first.append([RecordDraft(topic: topic, key: "k", value: nil)])
        for _ in 0..<5 {
            let second = try await openTestLog(in: folder)
            _ = try await second.append([RecordDraft(topic: other, key: "k", value: nil)])
            let reader = try await second.read(topic, after: [:])
            let batch = try await withDeadline("the record") { try await reader.next() }
            #expect(batch?.map(\.key) == ["k"])
            await second.close()
        }
        await first.close()
    }

    @Test("positions stay unique and dense when both append")
    func bothAppend() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let topic = topic
        let places = try await withThrowingTaskGroup(of: [RecordID].self) { tasks in
            for (index, log) in [first, second].enumerated() {
                for writer in 0..<4 {
                    tasks.addTask {
                        var places: [RecordID] = []
                        for number in 0..<25 {
                            let key = "\(index)-\(writer)-\(number)"
                            places += try await log.append([
                                RecordDraft(topic: topic, key: key, value: nil, partition: 0)
                            ])
                        }
                        return places
                    }
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(places.map(\.position)) == Set(0..<200))
        await first.close()
        await second.close()
    }

    @Test("a group lives in one process at a time, and the other is told which")
    func heldElsewhere() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let member = try await first.join(group, topics: [topic])
        let holder = "process \(ProcessInfo.processInfo.processIdentifier)"
        await #expect(throws: EventLogError.groupHeldElsewhere(group, holder: holder)) {
            _ = try await second.join(group, topics: [topic])
        }
        // Another group is free.
        let other = try await second.join(GroupName(constant: "others"), topics: [topic])
        await other.leave()
        await member.leave()
        let next = try await second.join(group, topics: [topic])
        await next.leave()
        await first.close()
        await second.close()
    }

    @Test("closing a log lets its groups go")
    func closeLetsGo() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let member = try await first.join(group, topics: [topic])
        await first.close()
        #expect(try await member.next() == nil)
        let next = try await second.join(group, topics: [topic])
        await next.leave()
        await second.close()
    }

    @Test("a topic declared by another process is known")
    func declaredElsewhere() async throws {
        let folder = try TestFolder()
        let (first, second) = try await openBoth(folder)
        let late = TopicName(constant: "late")
        try await first.declare([Topic(late, .state)])
        _ = try await second.append([RecordDraft(topic: late, key: "k", value: nil)])
        #expect(try await first.end(of: late) == [0: 0])
        await first.close()
        await second.close()
    }
}
