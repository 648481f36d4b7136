import Advisories
import Model
import Testing

@Suite("Which versions a range affects")
struct RangeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let events: [Advisory.Event]
        let affected: [String]
        let unaffected: [String]
        var testDescription: String { events.map { "\($0.kind) \($0.version)" }.joined(separator: ", ") }
    }

    static let cases: [Case] = [
        Case(events: [.init(.introduced, "0")], affected: ["0", "0.0.0-0", "1.0.0"], unaffected: []),
        Case(
            events: [.init(.introduced, "0"), .init(.fixed, "0")], affected: [], unaffected: ["0.0.0-0", "0", "9.0.0"]),
        Case(events: Samples.fixed("2.0.0"), affected: ["1.9.9", "2.0.0-rc1"], unaffected: ["2.0.0", "2.0.1"]),
        Case(
            events: Samples.fixed("2.0.0", from: "1.0.0"), affected: ["1.0.0", "1.5.0"],
            unaffected: ["0.9.0", "1.0.0-rc1", "2.0.0"]),
        Case(
            events: [.init(.introduced, "1.0.0"), .init(.lastAffected, "1.4.0")], affected: ["1.0.0", "1.4.0"],
            unaffected: ["1.4.1", "0.1.0"]),
        Case(
            events: Samples.fixed("1.2.0") + Samples.fixed("2.3.0", from: "2.0.0"),
            affected: ["1.1.0", "2.0.0", "2.2.9"],
            unaffected: ["1.2.0", "1.9.0", "2.3.0"]),
        Case(
            events: [
                .init(.fixed, "2.3.0"), .init(.introduced, "2.0.0"), .init(.fixed, "1.2.0"), .init(.introduced, "0"),
            ],
            affected: ["1.1.0", "2.0.0"], unaffected: ["1.2.0", "2.3.0"]),
        Case(
            events: Samples.fixed("2.0.0") + Samples.fixed("3.0.0", from: "2.0.0"),
            affected: ["1.0.0", "2.0.0", "2.5.0"],
            unaffected: ["3.0.0"]),
        Case(
            events: [.init(.introduced, "1.0.0"), .init(.fixed, "1.0.0")], affected: [],
            unaffected: ["0.5.0", "1.0.0", "1.1.0"]),
        Case(
            events: [.init(.introduced, "0"), .init(.limit, "1.5.0")], affected: ["1.4.0"],
            unaffected: ["1.5.0", "2.0.0"]),
        Case(events: [.init(.introduced, "0"), .init(.limit, "*")], affected: ["9.0.0"], unaffected: []),
        Case(events: [.init(.fixed, "1.0.0")], affected: [], unaffected: ["0.1.0", "1.0.0"]),
    ]

    @Test("a range affects what OSV says", arguments: cases)
    func ranges(_ example: Case) {
        let set = Samples.set([Samples.advisory("A-1", "npm", "left-pad", example.events)])
        for version in example.affected { #expect(Self.count(set, version) == 1, "\(version) is affected") }
        for version in example.unaffected { #expect(Self.count(set, version) == 0, "\(version) is not affected") }
    }

    private static func count(_ set: AdvisorySet, _ version: String) -> Int {
        let result = set.match(Samples.inventory(nil, [Samples.package(.npm, "left-pad", version)]))
        #expect(result.undetermined.isEmpty)
        return result.findings.count
    }

    @Test("the fix is the next one above the installed version")
    func nextFix() throws {
        let events = Samples.fixed("1.2.0") + Samples.fixed("2.3.0", from: "2.0.0")
        let set = Samples.set([Samples.advisory("A-1", "npm", "left-pad", events)])
        for (version, fix) in [("1.0.0", "1.2.0"), ("2.1.0", "2.3.0")] {
            let result = set.match(Samples.inventory(nil, [Samples.package(.npm, "left-pad", version)]))
            let finding = try #require(result.findings.first)
            #expect(finding.state == .fixed)
            #expect(finding.fixedVersion == fix)
        }
    }

    @Test("an advisory without a fix is affected and stays in the result")
    func noFix() throws {
        let set = Samples.set([Samples.advisory("A-1", "npm", "left-pad")])
        let result = set.match(Samples.inventory(nil, [Samples.package(.npm, "left-pad", "1.0.0")]))
        let finding = try #require(result.findings.first)
        #expect(finding.state == .affected)
        #expect(finding.fixedVersion == nil)
    }
}
