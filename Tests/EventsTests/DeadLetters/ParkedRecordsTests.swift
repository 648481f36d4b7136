import EventLogPort
import Foundation
import TestSupport
import Testing

@testable import Events

@Suite("Records of a newer schema are parked, and put back when it is known")
struct ParkedRecordsTests {
    private let group = GroupName(constant: "webhook-gateway.catalogue")

    private struct Room {
        let folder: TestFolder
        let plain: any EventLog
        let log: any EventLog

        init(unkind: Bool = false) async throws {
            folder = try TestFolder()
            plain = try await openTestLog(in: folder)
            try await plain.declare(Topics.fixed)
            log = unkind ? UnkindEventLog(plain) : plain
            if unkind { try await log.declare(Topics.fixed) }
        }

        func records(_ topic: Topic) async throws -> [Record] {
            let end = try await plain.end(of: topic.name)[0] ?? -1
            guard end >= 0 else { return [] }
            let reader = try await plain.read(topic.name, after: [:])
            var found: [Record] = []
            while found.last?.position ?? -1 < end, let batch = try await reader.next() { found += batch }
            await reader.close()
            return found
        }
    }

    private func change(_ id: String) throws -> RecordDraft {
        let change = Change.revokeToken(id: id)
        let context = EventContext(id: "event-\(id)", source: "test", time: Samples.at, traceparent: "00-ab-cd-01")
        return try RecordDraft(Topics.changes, key: change.key, change, context)
    }

    /// What a group makes of a record that it cannot read.
    private func letter(of draft: RecordDraft, at position: Int64, by group: GroupName) -> RecordDraft {
        let record = Record(
            id: RecordID(topic: draft.topic, partition: 0, position: position), key: draft.key, value: draft.value,
            headers: draft.headers, appendedAt: Samples.at)
        do {
            _ = try record.payload(Change.self)
            Issue.record("it can be read")
            return draft
        } catch { return DeadLetter.draft(for: record, because: error, group: group, at: Samples.at) }
    }

    private func parked(_ room: Room, knows schema: Int) -> ParkedRecords {
        ParkedRecords(of: [group], log: room.log, time: .system, source: "test") {
            $0 == Change.eventType ? schema : nil
        }
    }

    @Test("what is known now is put back as it was, once, and what is not stays", arguments: [false, true])
    func putBack(unkind: Bool) async throws {
        let room = try await Room(unkind: unkind)
        var broken = try change("broken")
        broken.value = Data("{".utf8)
        let mine = try change("mine").newer
        let letters = [
            letter(of: mine, at: 3, by: group), letter(of: try change("later").newer.newer, at: 4, by: group),
            letter(of: try change("others").newer, at: 5, by: GroupName(constant: "cleanup")),
            letter(of: broken, at: 6, by: group),
        ]
        _ = try await room.plain.append(letters)
        for schema in [1, 2, 2] {
            try await eventually("a look") {
                do {
                    _ = try await parked(room, knows: schema).look()
                    return true
                } catch let error as EventLogError where error.isTransient { return false }
            }
            let changes = try await room.records(Topics.changes)
            if schema == 1 {
                #expect(changes.isEmpty)
                continue
            }
            // An append that is said to have failed may have landed: then it is there twice, which work records bear.
            #expect(Set(changes.map(\.key)) == ["mine"] && (unkind || changes.count == 1))
            let record = try #require(changes.first)
            #expect(record.value == mine.value)
            #expect(record.headers.filter { $0.name != DeadLetter.replayOf } == mine.headers)
            #expect(record.header(DeadLetter.replayOf)?.hasPrefix("dead-letters/0@0") == true)
        }
        let marks = try await room.records(Topics.deadLetters).filter { !$0.isDeadLetter }
        #expect(try Set(marks.map { try $0.payload(ReplayRecord.self).letter }) == [0])
        await room.log.close()
    }

    @Test("a look goes on where the last one ended")
    func goesOn() async throws {
        let room = try await Room()
        let parked = parked(room, knows: 2)
        var look = try await parked.look()
        for number in 1...3 {
            _ = try await room.plain.append([letter(of: try change("c\(number)").newer, at: Int64(number), by: group)])
            look = try await parked.look(look)
            #expect(look.putBack == number)
        }
        #expect(try await room.records(Topics.changes).map(\.key) == ["c1", "c2", "c3"])
        await room.log.close()
    }

    @Test("a letter says its class, and which schema it needs")
    func causes() throws {
        let newer = letter(of: try change("a").newer, at: 0, by: group)
        #expect(newer.headers.contains(Header(DeadLetter.cause, "newer-schema")))
        #expect(newer.headers.contains(Header(DeadLetter.needs, "pratique.change 2")))
        var draft = try change("b")
        draft.value = Data("{".utf8)
        #expect(letter(of: draft, at: 0, by: group).headers.contains(Header(DeadLetter.cause, "unreadable")))
        draft.value = Data()
        draft.headers.append(Header("pratique-parts", "3"))
        #expect(letter(of: draft, at: 0, by: group).headers.contains(Header(DeadLetter.cause, "broken-parts")))
    }

    @Test("only what came from a topic of work is put back")
    func workOnly() throws {
        func replay(_ origin: String, _ value: Data? = Data("v".utf8)) throws -> LetterReplay? {
            let id = RecordID(topic: Topics.deadLetters.name, partition: 0, position: 7)
            let letter = WholeRecord(
                id: id, key: "k", value: value, headers: [Header(DeadLetter.origin, origin)], appendedAt: Samples.at)
            return try LetterReplay(of: letter, by: "alice", source: "test", at: Samples.at)
        }
        for topic in ["changes", "webhook-deliveries", "cleanup.commands", "scan-requests.site-b.urgent"] {
            #expect(try replay("\(topic)/0@4")?.drafts.map(\.topic.rawValue) == [topic, "dead-letters"])
        }
        for topic in ["verdicts", "access", "audit", "scan-requests.x", "nothing", ""] {
            #expect(try replay("\(topic)/0@4")?.drafts.map(\.topic) == nil, "\(topic)")
        }
        #expect(try replay("changes/0@4", nil)?.drafts.map(\.topic) == nil)
    }
}
