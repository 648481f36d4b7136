import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("A report")
struct ReportTests {
    private func verdict(_ outcome: Verdict.Outcome, _ undetermined: [Undetermined]) -> Verdict {
        Verdict(
            outcome: outcome, controls: [], undetermined: undetermined,
            inputs: .init(digest: nil, analyserVersion: nil, generation: nil, policies: [], now: SampleImages.now))
    }

    private func record(
        _ verdict: Verdict, _ platforms: [(String, Verdict)] = []
    ) throws -> VerdictRecord {
        VerdictRecord(
            name: try ImageName("demo/app:1"), digest: try SampleImages.digest("a"), verdict: verdict,
            platforms: try platforms.map {
                .init(platform: try Platform($0), digest: try SampleImages.digest("b"), findings: [], verdict: $1)
            }, judgedAt: SampleImages.now)
    }

    @Test("of a scan that failed says why and is undetermined, never empty")
    func failed() throws {
        let reason = Undetermined(what: "inventory", reason: "layer 3 is cut off")
        let report = try #require(ScanReport(image: "a", beyondPlatformsOf: record(verdict(.undetermined, [reason]))))
        #expect(report.undetermined == [reason])
        #expect(report.verdict.outcome == .undetermined)
        #expect(try report.digest == SampleImages.digest("a"))
    }

    @Test("of an index tells what its platforms do not tell")
    func index() throws {
        let inner = Undetermined(what: "package a 1", reason: "no order")
        let missing = Undetermined(what: "platform linux/s390x", reason: "the index does not have it")
        let platforms = [
            ("linux/amd64", verdict(.undetermined, [inner])), ("linux/arm64", verdict(.undetermined, [])),
        ]
        let told = [
            Undetermined(what: "linux/amd64: package a 1", reason: "no order"),
            Undetermined(what: "platform linux/arm64", reason: "not judged yet"),
        ]
        let whole = try record(verdict(.undetermined, told), platforms)
        #expect(ScanReport(image: "a", beyondPlatformsOf: whole) == nil)
        let more = try record(verdict(.undetermined, told + [missing]), platforms)
        let report = try #require(ScanReport(image: "a", beyondPlatformsOf: more))
        #expect(report.undetermined == [missing])
        #expect(report.verdict.outcome == .undetermined)
    }

    @Test("of one manifest is that of its platform alone")
    func manifest() throws {
        let verdict = verdict(.undetermined, [Undetermined(what: "policy", reason: "no policy")])
        #expect(try ScanReport(image: "a", beyondPlatformsOf: record(verdict, [("linux/amd64", verdict)])) == nil)
    }
}
