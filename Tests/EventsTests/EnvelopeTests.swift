import EventLogPort
import Events
import Foundation
import Model
import Testing

@Suite("The envelope")
struct EnvelopeTests {
    private let context = EventContext(
        id: "d1", source: "webhook-gateway", time: Samples.at,
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    @Test("is CloudEvents 1.0 in the Kafka binding's binary mode")
    func headers() throws {
        let draft = try RecordDraft(Topics.settings, key: SettingsRecord.key, SettingsRecord(), context)
        let headers = Dictionary(uniqueKeysWithValues: draft.headers.map { ($0.name, $0.value) })
        #expect(headers["ce_specversion"] == "1.0")
        #expect(headers["ce_id"] == "d1")
        #expect(headers["ce_source"] == "webhook-gateway")
        #expect(headers["ce_type"] == "pratique.settings")
        #expect(headers["ce_subject"] == "global")
        #expect(headers["ce_time"] == Samples.at.rfc3339)
        #expect(headers["content-type"] == "application/json")
        #expect(headers["pratique-schema"] == "1")
        #expect(headers["traceparent"] == context.traceparent)
        #expect(headers["content-encoding"] == nil)
    }

    @Test("a record gives its context back")
    func contextSurvives() throws {
        let draft = try RecordDraft(Topics.settings, key: "global", SettingsRecord(), context)
        #expect(Records.record(draft).context == context)
        #expect(Records.whole(draft).context == context)
    }

    @Test("a record without our headers is named by its place")
    func foreignRecord() {
        let draft = RecordDraft(topic: Topics.settings.name, key: "global", value: Data("{}".utf8))
        let context = Records.record(draft).context
        #expect(context.id == "settings/0@7")
        #expect(context.source == "unknown")
        #expect(context.time == Samples.at)
    }

    @Test("what an event causes has an id derived from its own, and its trace")
    func caused() {
        let effect = context.caused("observed", by: "intake", at: Samples.at)
        #expect(effect.id == "d1/observed")
        #expect(effect.traceparent == context.traceparent)
        #expect(effect == context.caused("observed", by: "intake", at: Samples.at))
    }

    @Test("a tombstone has a context and no payload")
    func tombstone() throws {
        let draft = RecordDraft.tombstone(Topics.images, key: "main/a:1", context)
        #expect(draft.value == nil)
        #expect(Records.record(draft).context.id == "d1")
        #expect(throws: EventError.unreadable(type: "pratique.image", reason: "is a tombstone")) {
            try Records.record(draft).payload(ImageRecord.self)
        }
    }

    @Test("times are whole milliseconds and stay what they are, however often they pass")
    func times() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Seeded(seed)
        for _ in 0..<2000 {
            let time = Date(timeIntervalSince1970: Double.random(in: 0...4_000_000_000, using: &generator)).milliseconds
            #expect(time.milliseconds == time, "seed \(seed)")
            #expect(Date(rfc3339: time.rfc3339) == time, "seed \(seed), \(time.rfc3339)")
            #expect(Date(rfc3339: time.rfc3339)?.milliseconds == time, "seed \(seed), \(time.rfc3339)")
        }
    }

    @Test("keys of what a change is about order its changes")
    func changeKeys() throws {
        let keys = try Samples.changes().map(\.key)
        #expect(
            keys == [
                "main/team/app:1.4", "main/team/app:1.4", "main/team/app:1.4", "main/team/app:1.4",
                "main/team/app:1.4", "*", "main/team/app:1.4",
                "main/team/app:1.4", "main/team/app:1.4", "main/team/app:1.4", "main", "main", "standard", "standard",
                "main", "main", "standard", "standard", "global", "t1", "t1",
            ])
    }

    @Test("keys of candidates, uploads, policies and requests")
    func otherKeys() throws {
        let digest = Samples.digest(2)
        #expect(try Samples.candidate().key == "main/team/app:1.4@\(digest)")
        #expect(
            try Samples.candidate().inventoryKey == "\(digest)/upload/t1/main/team/app:1.4@\(digest)")
        #expect(PolicyRecord.versionKey(Samples.policy()) == "standard@2")
        let request = ScanRequest(digest: digest, name: try Samples.name(), attempt: 1, reason: "observed")
        #expect(request.key == "main/team/app")
    }
}

/// A small generator with a seed that a failing test can print (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
