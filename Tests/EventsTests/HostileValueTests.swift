import EventLogPort
import Foundation
import Model
import Testing

@testable import Events

@Suite("Values that are not what they claim to be")
struct HostileValueTests {
    private let context = EventContext(id: "e1", source: "test", time: Samples.at)

    @Test("a newer schema is refused by name, not misread")
    func newerSchema() throws {
        let draft = try settings(schema: "2")
        #expect(throws: EventError.newerSchema(type: "pratique.settings", found: 2, known: 1)) {
            try Records.record(draft).payload(SettingsRecord.self)
        }
    }

    @Test("a schema that is missing or no number counts as the first", arguments: [nil, "", "one", "1"])
    func firstSchema(_ text: String?) throws {
        #expect(try Records.record(settings(schema: text)).payload(SettingsRecord.self) == SettingsRecord())
    }

    @Test("another type is refused")
    func wrongType() throws {
        let draft = try RecordDraft(Topics.images, key: "k", SettingsRecord(), context)
        #expect(throws: EventError.wrongType(expected: "pratique.image", found: "pratique.settings")) {
            try Records.record(draft).payload(ImageRecord.self)
        }
        let bare = RecordDraft(topic: Topics.images.name, key: "k", value: draft.value)
        #expect(throws: EventError.wrongType(expected: "pratique.image", found: "none")) {
            try Records.record(bare).payload(ImageRecord.self)
        }
    }

    @Test("above the threshold a value is zstd, says so, and is smaller")
    func compression() throws {
        let record = InventoryRecord.platform(try Samples.inventory(packages: 200))
        let plain = try JSONFormat.encode(record)
        let draft = try RecordDraft(Topics.inventories, key: "k", record, context)
        let value = try #require(draft.value)
        #expect(plain.count > EventCoding.compressAboveBytes)
        #expect(value.count < plain.count / 2)
        #expect(value.starts(with: [0x28, 0xB5, 0x2F, 0xFD]))
        #expect(draft.headers.contains(Header("content-encoding", "zstd")))
        #expect(try Records.record(draft).payload(InventoryRecord.self) == record)
    }

    @Test("a compressed value that is damaged, cut or huge is refused")
    func damagedCompression() throws {
        let draft = try RecordDraft(
            Topics.inventories, key: "k", InventoryRecord.platform(Samples.inventory(packages: 200)), context)
        let value = try #require(draft.value)
        // A frame header that promises 1 TiB: magic, descriptor with an 8-byte size, the size.
        let bomb = Data([0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0])
        // A frame that names no size: magic, descriptor, window, one empty last block.
        let sizeless = Data([0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 1, 0, 0])
        for bad in [Data(), value.prefix(4), value.dropLast(3), Data(value.dropFirst()), bomb, sizeless] {
            expectUnreadable(draft, value: bad)
        }
    }

    @Test("bytes changed at random never stop the process and never pass for another payload unnoticed")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Seeded(seed)
        let small = try RecordDraft(Topics.verdicts, key: "k", Samples.verdict(), context)
        let large = try RecordDraft(
            Topics.inventories, key: "k", InventoryRecord.platform(Samples.inventory(packages: 100)), context)
        var refused = 0
        for round in 0..<2000 {
            var draft = round.isMultiple(of: 2) ? small : large
            var bytes = [UInt8](draft.value ?? Data())
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: bytes.indices, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            draft.value = Data(bytes)
            do {
                if round.isMultiple(of: 2) {
                    _ = try Records.record(draft).payload(VerdictRecord.self)
                } else {
                    _ = try Records.record(draft).payload(InventoryRecord.self)
                }
            } catch {
                #expect(error is EventError, "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(refused > 500, "seed \(seed): random damage must be noticed in most rounds")
    }

    @Test(
        "JSON of the wrong shape names the field",
        arguments: [
            (#"{"trashDays":"thirty","backgroundRequestsMax":1}"#, "trashDays"),
            (#"{"backgroundRequestsMax":1}"#, "trashDays"),
            (#"{"trashDays":30,"backgroundRequestsMax":null}"#, "backgroundRequestsMax"),
            (#"{"trashDays":30,"backgroundRequestsMax":1,"rescan":{"at":"25:00","timeZone":"UTC"}}"#, "rescan.at"),
        ])
    func shape(_ json: String, _ field: String) throws {
        var draft = try settings(schema: "1")
        draft.value = Data(json.utf8)
        let error = #expect(throws: EventError.self) { try Records.record(draft).payload(SettingsRecord.self) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("“\(field)”"))
    }

    @Test(
        "text that no model type can hold is refused",
        arguments: ["../etc/passwd", "UPPER/app:1", "main/app", "main/app@sha256:xyz", ""])
    func badNames(_ text: String) throws {
        var draft = try RecordDraft(
            Topics.timeline, key: "k",
            TimelineEntry(name: Samples.name(), digest: nil, step: .observed, detail: "", at: Samples.at), context)
        let json = String(decoding: draft.value ?? Data(), as: UTF8.self)
        draft.value = Data(json.replacingOccurrences(of: "main/team/app:1.4", with: text).utf8)
        expectUnreadable(draft, as: TimelineEntry.self)
    }

    @Test("JSON nested without end is refused")
    func nesting() throws {
        var draft = try settings(schema: "1")
        draft.value = Data((String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)).utf8)
        expectUnreadable(draft, as: SettingsRecord.self)
    }

    @Test("a field that this version does not know is passed over")
    func unknownField() throws {
        var draft = try settings(schema: "1")
        draft.value = Data(#"{"trashDays":30,"backgroundRequestsMax":64,"fromTheFuture":[1]}"#.utf8)
        #expect(try Records.record(draft).payload(SettingsRecord.self) == SettingsRecord())
    }

    private func settings(schema: String?) throws -> RecordDraft {
        var draft = try RecordDraft(Topics.settings, key: SettingsRecord.key, SettingsRecord(), context)
        draft.headers.removeAll { $0.name == "pratique-schema" }
        if let schema { draft.headers.append(Header("pratique-schema", schema)) }
        return draft
    }

    private func expectUnreadable(_ draft: RecordDraft, value: Data) {
        var draft = draft
        draft.value = value
        expectUnreadable(draft, as: InventoryRecord.self)
    }

    private func expectUnreadable<Payload: EventPayload>(_ draft: RecordDraft, as type: Payload.Type) {
        let error = #expect(throws: EventError.self) { try Records.record(draft).payload(Payload.self) }
        guard case .unreadable(Payload.eventType, _) = error else {
            Issue.record("expected unreadable, got \(String(describing: error))")
            return
        }
    }
}
