import Events
import Foundation
import GatewayAPI
import Model
import Testing

@testable import WebhookGatewayService

@Suite struct ImageFactsTests {
    private func summary(
        _ resolution: ImageRecord.Resolution, verdict: Verdict.Outcome? = nil, of digest: Character = "a",
        scan: ScanStatusRecord.State? = nil
    ) throws -> ImageSummary {
        let name = "demo/app:1"
        let record = try SampleImages.image(name, try SampleImages.digest("a"), resolution: resolution)
        let facts = try verdict.map {
            VerdictFacts(try SampleImages.verdict(name, try SampleImages.digest(digest), $0))
        }
        let scanFacts = try scan.map {
            ScanFacts(
                ScanStatusRecord(
                    digest: try SampleImages.digest("a"), state: $0, analyserVersion: "1", name: try ImageName(name),
                    scanner: "s", finishedAt: SampleImages.now))
        }
        return ImageSummary(record, verdict: facts, scan: scanFacts, packages: 0)
    }

    private let failure = Failure(kind: .unreachable, message: "no answer", attempt: 1, nextAttemptAt: nil)

    @Test("a verdict for the digest is what is shown", arguments: Verdict.Outcome.allCases)
    func judged(_ outcome: Verdict.Outcome) throws {
        let shown = try summary(.resolved, verdict: outcome)
        #expect(shown.status.rawValue == outcome.rawValue)
        #expect(shown.previous == nil)
        #expect(shown.reasons.isEmpty == (outcome != .nonCompliant))
    }

    @Test("a verdict for another digest is only the previous one")
    func previous() throws {
        let shown = try summary(.resolved, verdict: .compliant, of: "b")
        #expect(shown.status == .pending)
        #expect(shown.previous == .compliant)
    }

    @Test("without a verdict the reason says what is waited for")
    func waiting() throws {
        #expect(try summary(.resolved).status == .pending)
        #expect(try summary(.waiting(nil)).status == .pending)
        #expect(try summary(.waiting(failure)).reasons == ["no answer"])
        #expect(try summary(.waiting(failure)).failure?.kind == "unreachable")
        #expect(try summary(.notPushed).status == .notPushed)
        #expect(try summary(.notFound).status == .notFound)
        #expect(try summary(.notFound, verdict: .compliant).status == .notFound)
        #expect(try summary(.resolved, scan: .failed(failure)).reasons == ["no answer"])
        let chart = try summary(.resolved, scan: .notAnImage(type: "application/vnd.cncf.helm.config.v1+json"))
        #expect(chart.status == .undetermined)
        for shown in [try summary(.resolved), try summary(.notPushed), chart] { #expect(!shown.reasons.isEmpty) }
    }

    @Test("a finding that several platforms have counts once")
    func counts() throws {
        var record = try SampleImages.verdict("demo/app:1", try SampleImages.digest("a"), .nonCompliant)
        record.platforms.append(record.platforms[0])
        #expect(VerdictFacts(record).counts.critical == 1)
    }
}
