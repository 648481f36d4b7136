import Model
import ServiceRuntime
import Testing

@testable import PratiqueCommands

@Suite("The exit code of a scan")
struct ScanStatusTests {
    private static func report(_ outcome: Verdict.Outcome) -> ScanReport {
        ScanReport(
            image: "oci:image", digest: nil, platform: nil, inventory: nil, undetermined: [],
            verdict: .init(outcome: outcome, controls: []))
    }

    @Test(
        "is that of the worst platform",
        arguments: [
            ([.compliant], .success), ([.compliant, .compliant], .success), ([.nonCompliant], .policyFailed),
            ([.undetermined], .failure), ([.compliant, .undetermined], .failure),
            ([.undetermined, .nonCompliant, .compliant], .policyFailed),
        ] as [([Verdict.Outcome], ServiceRuntime.ExitStatus)])
    func worst(_ outcomes: [Verdict.Outcome], _ expected: ServiceRuntime.ExitStatus) {
        #expect(ScanCommand.status(of: JudgedImage(reports: outcomes.map(Self.report))) == expected)
    }

    @Test("is also that of the whole image where a server says it")
    func whole() {
        let reports = [Self.report(.compliant)]
        #expect(ScanCommand.status(of: JudgedImage(reports: reports, outcome: .undetermined)) == .failure)
        #expect(ScanCommand.status(of: JudgedImage(reports: reports, outcome: .nonCompliant)) == .policyFailed)
        #expect(ScanCommand.status(of: JudgedImage(reports: reports, outcome: .compliant)) == .success)
    }

    @Test("is never success when nothing was judged")
    func nothing() {
        #expect(ScanCommand.status(of: JudgedImage(reports: [])) == .failure)
    }

    @Test("has the numbers that are documented")
    func numbers() {
        #expect(ServiceRuntime.ExitStatus.success.rawValue == 0)
        #expect(ServiceRuntime.ExitStatus.failure.rawValue == 1)
        #expect(ServiceRuntime.ExitStatus.usage.rawValue == 2)
        #expect(ServiceRuntime.ExitStatus.policyFailed.rawValue == 4)
    }
}
