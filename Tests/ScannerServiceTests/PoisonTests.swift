import EventLogPort
import Events
import Foundation
import Model
import ScannerService
import TestSupport
import Testing

@Suite("Poison in the lanes of a scanner")
struct PoisonTests {
    /// In the same partition as the good ones: they have the same key.
    private func poison(_ lane: Topics.Lane, _ number: Int) throws -> [RecordDraft] {
        let topic = try Topics.scanRequests(pool: "default", lane)
        let key = "demo/team/app"
        let request = ScanRequest(
            digest: ImageFixture.digest([UInt8(number)]), name: try ImageName("demo/team/app:1"), attempt: 1,
            reason: "test")
        func draft(_ id: String) throws -> RecordDraft {
            try RecordDraft(topic, key: key, request, ScannerFixture.context("\(id)-\(number)"))
        }
        var undecodable = try draft("undecodable")
        undecodable.value = Data("{".utf8)
        var foreign = try draft("foreign")
        foreign.headers = []
        var broken = try draft("broken")
        broken.value = Data()
        broken.headers += PartsHead(count: 3, bytes: 30, sha256: String(repeating: "a", count: 64), from: 0).headers
        return [undecodable, foreign, broken]
    }

    @Test("it stops neither its partition nor its lane, and ends as dead letters of its causes")
    func lanes() async throws {
        let fixture = try await ScannerFixture.start(wrap: { UnkindEventLog($0, unkindness: .withoutFailures) })
        var digests: [Digest] = []
        // More than a partition hands out at a time.
        for number in 0..<30 {
            for lane in Topics.Lane.allCases { _ = try await fixture.log.append(try poison(lane, number)) }
        }
        for (number, lane) in Topics.Lane.allCases.enumerated() {
            let digest = fixture.registry.put(try debianImage("good\(number)"), "team/app", tag: "\(number)")
            try await fixture.request(digest, "demo/team/app:\(number)", lane: lane)
            digests.append(digest)
        }
        for digest in digests { #expect(try await fixture.status(of: digest).state == .done) }
        let letters = try await causes(fixture)
        for lane in Topics.Lane.allCases {
            for cause in ["unreadable", "broken-parts"] {
                #expect(letters["scanner.default.\(lane.rawValue)/\(cause)"] != nil, "\(lane) \(cause)")
            }
        }
        await fixture.stop()
    }

    private func causes(_ fixture: ScannerFixture) async throws -> [String: Int] {
        let log = fixture.log.inner
        return try await withDeadline("the letters") {
            let reader = try await log.read(Topics.deadLetters.name, after: [:])
            var found: [String: Int] = [:]
            while found.count < 4 || found.values.reduce(0, +) < 180, let batch = try await reader.next() {
                for record in batch {
                    let group = record.header(DeadLetter.group) ?? ""
                    found["\(group)/\(record.header(DeadLetter.cause) ?? "")", default: 0] += 1
                }
            }
            await reader.close()
            return found
        }
    }
}
