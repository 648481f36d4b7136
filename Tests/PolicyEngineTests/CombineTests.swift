import Model
import PolicyEngine
import Testing

@Suite("The verdict of an index")
struct CombineTests {
    private let arm: Platform

    init() throws { arm = try Platform("linux/arm64") }

    private func verdict(user: String, controls: [Control] = [.notRoot]) throws -> Verdict {
        Judge.judge(
            .unnamed, inventory: Samples.inventory(user: user), match: Samples.match(),
            policies: [try Samples.policy(controls)], now: Samples.now)
    }

    private func combine(_ first: Verdict?, _ second: Verdict?) -> Verdict {
        Judge.combine(
            digest: Samples.digest,
            platforms: [.init(platform: arm, verdict: second), .init(platform: .linuxAMD64, verdict: first)],
            now: Samples.now)
    }

    @Test("it is undetermined until each configured platform is judged, even if one already fails")
    func waits() throws {
        let verdict = combine(try verdict(user: "root"), nil)
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.undetermined == [Undetermined(what: "platform linux/arm64", reason: "not judged yet")])
    }

    @Test("then the worst counts, with the platform before each reason")
    func worst() throws {
        #expect(combine(try verdict(user: "app"), try verdict(user: "app")).outcome == .compliant)
        let verdict = combine(try verdict(user: "app"), try verdict(user: "root"))
        #expect(verdict.outcome == .nonCompliant)
        #expect(verdict.controls.count == 1)
        #expect(verdict.controls[0].outcome == .failed)
        #expect(verdict.controls[0].reasons.first?.hasPrefix("linux/arm64: ") == true)
        #expect(verdict.inputs.policies == ["test@2"])
        #expect(verdict.inputs.digest == Samples.digest)
    }

    @Test("two controls of one type in a policy stay two")
    func sameType() throws {
        let controls: [Control] = [.requiredLabels(.init(labels: ["a": "*"])), .requiredLabels(.init(labels: [:]))]
        let one = try verdict(user: "app", controls: controls)
        let verdict = combine(one, one)
        #expect(verdict.controls.map(\.outcome) == [.failed, .passed])
        #expect(verdict.controls[0].reasons.count == 2)
    }

    @Test("an index without any configured platform is undetermined")
    func none() {
        let verdict = Judge.combine(digest: Samples.digest, platforms: [], now: Samples.now)
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.undetermined.count == 1)
    }
}
