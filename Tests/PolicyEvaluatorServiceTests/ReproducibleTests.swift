import Advisories
import Foundation
import Model
import PolicyEngine
import TestSupport
import Testing

/// The same inventory, advisories and policies give the same bytes, whichever way the set came about: read from the
/// log, imported in another order, or grown record by record from an earlier generation.
@Suite("Verdicts are reproducible")
struct ReproducibleTests {
    /// Sources whose records share ids, aliases and flaws in ways that overlap, with fixes and severities that tie.
    private static let advisories: [Advisory] = {
        var all: [Advisory] = []
        let severities = Severity.allCases
        for number in 0..<12 {
            let fix = number.isMultiple(of: 5) ? nil : ["2.0", "2.0.0", "3.0"][number % 3]
            let flaws = (0..<(number % 4)).map { "CVE-\((number + $0) % 6)" }
            for source in ["A", "B"] {
                let severity = severities[(number + (source == "A" ? 0 : number % 2)) % severities.count]
                all.append(
                    Advisory(
                        source: source, id: "X-\(number % 8)", aliases: number % 3 == 0 ? ["Y-\(number % 5)"] : [],
                        upstream: flaws.sorted(), summary: "\(source) \(number)", severity: severity,
                        severitySource: severity == .unknown ? nil : "\(source) says so \(number)",
                        affected: [
                            .init(
                                ecosystem: Ecosystem(record: "PyPI"), package: "jinja2",
                                ranges: [[.init(.introduced, "0")] + (fix.map { [.init(.fixed, $0)] } ?? [])],
                                severity: number.isMultiple(of: 4) ? severities[number % 3 + 1] : nil)
                        ]))
            }
        }
        // One record a key: the last one.
        return Dictionary(all.map { ($0.key, $0) }) { $1 }.values.sorted { $0.key < $1.key }
    }()

    private static func bytes(_ set: AdvisorySet) throws -> String {
        let inventory = Fixtures.inventory(Fixtures.digest(1), ["jinja2": "1.0"])
        let match = set.match(inventory)
        let verdict = Judge.judge(
            .unnamed, inventory: inventory, match: match, policies: [.standard], now: Date(timeIntervalSince1970: 0))
        return String(
            decoding: try JSONFormat.encode(match) + JSONFormat.encode(verdict), as: UTF8.self)
    }

    private static func set(_ advisories: some Sequence<Advisory>) -> AdvisorySet {
        var builder = AdvisorySet.Builder(generation: 1)
        for advisory in advisories { builder.add(advisory) }
        return builder.build()
    }

    @Test("from a set that was built in any order")
    func shuffled() throws {
        var random = SeededGenerator.printed("orders of advisories")
        let expected = try Self.bytes(Self.set(Self.advisories))
        for _ in 0..<50 {
            #expect(try Self.bytes(Self.set(Self.advisories.shuffled(using: &random))) == expected)
        }
    }

    @Test("from a set that grew out of another")
    func incremental() throws {
        var random = SeededGenerator.printed("growing sets of advisories")
        let expected = try Self.bytes(Self.set(Self.advisories))
        for _ in 0..<50 {
            let early = Self.advisories.shuffled(using: &random).prefix(10).map { advisory in
                var advisory = advisory
                advisory.severity = .low
                advisory.upstream = ["CVE-0", "CVE-99"]
                return advisory
            }
            var builder = AdvisorySet.Builder(generation: 1, basedOn: Self.set(early))
            for advisory in Self.advisories.shuffled(using: &random) { builder.add(advisory) }
            #expect(try Self.bytes(builder.build()) == expected)
        }
    }
}
