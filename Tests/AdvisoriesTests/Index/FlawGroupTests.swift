import Advisories
import Model
import Testing

@Suite("Several advisories for one flaw")
struct FlawGroupTests {
    private func findings(_ advisories: [Advisory], _ version: String = "1") -> [Finding] {
        Samples.set(advisories).match(Samples.inventory(Samples.debian12, [Samples.package(.deb, "a", version)]))
            .findings
    }

    private func advisory(
        _ id: String, _ fix: String?, aliases: [String] = [], upstream: [String] = [], severity: Severity = .unknown
    )
        -> Advisory
    {
        let events = fix.map { Samples.fixed($0) } ?? [.init(.introduced, "0")]
        return Samples.advisory(id, "Debian:12", "a", events, aliases: aliases, upstream: upstream, severity: severity)
    }

    @Test("aliases join, also through a third; the later fix and the worst severity count")
    func aliases() throws {
        let found = findings([
            advisory("X-1", "2", aliases: ["CVE-1"], severity: .low), advisory("Y-1", "10", aliases: ["CVE-1", "Z-1"]),
            advisory("Z-1", "3", severity: .high),
        ])
        try #require(found.count == 1)
        #expect(found[0].advisory == "Y-1")
        #expect(found[0].aliases == ["CVE-1", "X-1", "Z-1"])
        #expect(found[0].fixedVersion == "10")
        #expect(found[0].severity == .high)
    }

    @Test("a second advisory for the same flaws replaces the first fix")
    func again() throws {
        let found = findings([
            advisory("DSA-1-1", "2", upstream: ["CVE-1", "CVE-2"]),
            advisory("DSA-1-2", "3", upstream: ["CVE-1", "CVE-2"]),
        ])
        try #require(found.count == 1)
        #expect(found[0].advisory == "DSA-1-2")
        #expect(found[0].fixedVersion == "3")
        #expect(found[0].aliases == ["CVE-1", "CVE-2", "DSA-1-1"])
    }

    @Test("an advisory of which all flaws are in another's joins it, overlapping ones stay apart")
    func subset() {
        let found = findings([
            advisory("DSA-1", "2", upstream: ["CVE-1", "CVE-2"]), advisory("DSA-2", "3", upstream: ["CVE-2", "CVE-3"]),
            advisory("CVE-1", nil),
        ])
        #expect(found.map(\.advisory) == ["DSA-1", "DSA-2"])
        #expect(found[0].aliases == ["CVE-1", "CVE-2"])
        #expect(found[0].state == .fixed)
    }

    @Test("advisories without a common flaw stay apart")
    func apart() {
        #expect(
            findings([advisory("DSA-1", "2"), advisory("DSA-2", "2"), advisory("DSA-3", nil, upstream: ["CVE-9"])])
                .count == 3)
    }

    @Test("what is fixed in the installed version no longer joins")
    func installed() {
        let all = [advisory("DSA-1", "2", upstream: ["CVE-1"]), advisory("DSA-2", "3", upstream: ["CVE-1", "CVE-2"])]
        #expect(findings(all, "2").map(\.advisory) == ["DSA-2"])
        #expect(findings(all, "3").isEmpty)
    }
}
