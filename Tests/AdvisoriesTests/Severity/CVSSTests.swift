import Advisories
import Model
import Testing

@Suite("CVSS base scores")
struct CVSSTests {
    /// Vectors and scores of FIRST's examples and calculators.
    static let scored: [(vector: String, tenths: Int)] = [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75), ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 78), ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", 37),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0), ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:L/A:L", 35),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", 75), ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 100), ("AV:L/AC:H/Au:N/C:N/I:N/A:N", 0),
        ("AV:N/AC:M/Au:N/C:N/I:P/A:N", 43),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:H/SC:H/SI:L/SA:L", 83),
        ("CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:N/VC:H/VI:H/VA:L/SC:H/SI:L/SA:N", 69),
        ("CVSS:4.0/AV:P/AC:H/AT:P/PR:N/UI:A/VC:L/VI:H/VA:N/SC:L/SI:L/SA:L", 43),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:P/VC:N/VI:H/VA:L/SC:L/SI:H/SA:N", 68),
        ("CVSS:4.0/AV:P/AC:H/AT:P/PR:N/UI:P/VC:N/VI:H/VA:N/SC:L/SI:H/SA:H", 59),
        ("CVSS:4.0/AV:A/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:L/SC:H/SI:N/SA:H", 21),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:A/VC:L/VI:H/VA:H/SC:L/SI:H/SA:H", 83),
        ("CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:N/VC:L/VI:N/VA:L/SC:N/SI:N/SA:N", 10),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:A/VC:L/VI:H/VA:L/SC:H/SI:H/SA:L", 71),
        ("CVSS:4.0/AV:A/AC:H/AT:P/PR:N/UI:P/VC:N/VI:H/VA:N/SC:L/SI:H/SA:H", 71),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:L/SI:L/SA:H", 53),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:P/VC:N/VI:L/VA:N/SC:N/SI:H/SA:H", 62),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:N/SC:N/SI:H/SA:H", 93),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:L/SC:N/SI:H/SA:N", 92),
        ("CVSS:4.0/AV:A/AC:H/AT:N/PR:L/UI:P/VC:N/VI:L/VA:N/SC:N/SI:L/SA:L", 10),
        ("CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:A/VC:N/VI:N/VA:N/SC:H/SI:L/SA:L", 21),
    ]

    @Test("a vector has its published score", arguments: scored)
    func score(vector: String, tenths: Int) { #expect(CVSS.baseScoreTenths(vector) == tenths) }

    @Test(
        "what is no complete vector has no score",
        arguments: [
            "", "CVSS:3.1", "CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "7.5", "CVSS:9.9/AV:N",
            "AV:N/AC:L",
            "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
            String(repeating: "AV:N/", count: 100),
        ])
    func noScore(vector: String) { #expect(CVSS.baseScoreTenths(vector) == nil) }

    @Test("scores have the ratings of the specification")
    func ratings() {
        let expected: [(Int, Severity)] = [
            (0, .negligible), (1, .low), (39, .low), (40, .medium), (69, .medium), (70, .high), (89, .high),
            (90, .critical),
            (100, .critical),
        ]
        for (tenths, severity) in expected { #expect(CVSS.severity(tenths: tenths) == severity, "\(tenths)") }
    }
}
