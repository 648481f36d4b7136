import Advisories
import Foundation
import Model
import TestSupport
import Testing

@Suite("Reading OSV records")
struct OSVReaderTests {
    private static let worst = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    private static let worst4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"

    private static func severity(_ entries: (type: String, score: String)...) -> String {
        let list = entries.map { #"{"type": "\#($0.type)", "score": "\#($0.score)"}"# }
        return #""severity": [\#(list.joined(separator: ", "))]"#
    }

    private static func affected(_ ecosystem: String, _ name: String, _ rest: String) -> String {
        #"{"package": {"ecosystem": "\#(ecosystem)", "name": "\#(name)"}, \#(rest)}"#
    }

    private static let numberAsVersion = affected("npm", "a", #""ranges": [{"type": "S", "events": [{"fixed": 1}]}]"#)

    private func read(_ json: String, limits: ImportLimits = ImportLimits()) throws -> Advisory {
        try OSVReader(limits: limits).advisory(Data(json.utf8), source: "test", name: "record.json")
    }

    @Test("a full record, with fields that we do not know")
    func full() throws {
        let advisory = try read(
            """
            {"schema_version": "1.9.0", "id": "GHSA-1", "modified": "2024-01-01T00:00:00Z",
             "aliases": ["CVE-2", "CVE-1", "CVE-1"],
             "related": ["CVE-9"], "summary": "Bad", "details": "…", "new_field": {"x": [1, 2]},
             "references": [{"type": "WEB"}],
             "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
             "affected": [
               {"package": {"ecosystem": "PyPI", "name": "Foo_Bar", "purl": "pkg:pypi/foo-bar"},
                "ranges": [{"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]},
                           {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0"}]}],
                "versions": ["0.9"]},
               {"package": {"ecosystem": "PyPI", "name": "git-only"},
                "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
               {"ranges": []}]}
            """)
        #expect(advisory.key.description == "test/GHSA-1")
        #expect(advisory.aliases == ["CVE-1", "CVE-2"])
        #expect(advisory.upstream.isEmpty)
        #expect(advisory.severity == .critical)
        #expect(advisory.severitySource?.hasPrefix("CVSS:3.1/") == true)
        #expect(advisory.affected.count == 1)
        #expect(advisory.affected[0].package == "foo-bar")
        #expect(advisory.affected[0].ranges == [[.init(.introduced, "0"), .init(.fixed, "1.0")]])
        #expect(advisory.affected[0].versions == ["0.9"])
    }

    @Test("CVE numbers in related count where there are neither aliases nor upstream")
    func related() throws {
        let advisory = try read(
            #"{"id": "ALSA-1", "related": ["CVE-1", "ALBA-2"], "summary": "Important: kernel update", "aliases": null}"#
        )
        #expect(advisory.upstream == ["CVE-1"])
        #expect(advisory.severity == .high)
        #expect(advisory.severitySource == "ecosystem")
    }

    @Test(
        "severities of many sources",
        arguments: [
            (
                severity(("Ubuntu", "medium"), ("CVSS_V3", worst)),
                Severity.medium
            ),
            (
                severity(("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N"), ("CVSS_V4", worst4)),
                .critical
            ),
            (#""database_specific": {"severity": "MODERATE"}"#, .medium),
            (#""database_specific": {"cvss_v3_score": 7.5}"#, .high),
            (#""database_specific": {"severity": 4}"#, .unknown),
            (#""severity": [{"type": "CVSS_V3", "score": "nonsense"}]"#, .unknown),
            (#""database_specific": ["a list"]"#, .unknown), (#""severity": null"#, .unknown),
        ])
    func severities(field: String, severity: Severity) throws {
        #expect(try read(#"{"id": "X-1", \#(field)}"#).severity == severity)
    }

    @Test(
        "Debian's urgency belongs to its package, with or without stars",
        arguments: [
            ("unimportant", Severity.negligible), ("low", .low), ("low**", .low), ("medium*", .medium),
            ("high**", .high), ("not yet assigned", nil), ("end-of-life", nil), ("", nil),
        ] as [(String, Severity?)])
    func urgency(word: String, severity: Severity?) throws {
        let specific = #""versions": ["1"], "ecosystem_specific": "#
        let first = Self.affected("Debian:12", "a", specific + #"{"urgency": "\#(word)"}"#)
        let second = Self.affected("Debian:12", "b", specific + #"{"urgency": "not yet assigned"}"#)
        let advisory = try read(#"{"id": "X", "affected": [\#(first), \#(second)]}"#)
        #expect(advisory.affected.map(\.severity) == [severity, nil])
        #expect(advisory.affected.map(\.severitySource) == [severity.map { _ in "ecosystem" }, nil])
        #expect(advisory.severity == .unknown)
    }

    @Test("a vector of one package does not speak for another")
    func vectors() throws {
        let low = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N"
        let entries = [("a", Self.worst), ("b", low)].map { name, vector in
            Self.affected("PyPI", name, #""versions": ["1"], "# + Self.severity(("CVSS_V3", vector)))
        }
        let bare = Self.affected("PyPI", "c", #""versions": ["1"]"#)
        let advisory = try read(#"{"id": "X", "affected": [\#((entries + [bare]).joined(separator: ", "))]}"#)
        #expect(advisory.severity == .unknown)
        #expect(advisory.affected.map(\.severity) == [.critical, .low, nil])
        #expect(advisory.affected.map(\.severitySource) == [Self.worst, low, nil])
        let packages = ["a", "b", "c"].map { Samples.package(.pypi, $0, "1") }
        let found = Samples.set([advisory]).match(Samples.inventory(nil, packages)).findings
        #expect(found.map(\.severity) == [.critical, .low, .unknown])
        #expect(found.map(\.severitySource) == [Self.worst, low, nil])
    }

    @Test(
        "what is no record is refused with its name and a reason",
        arguments: [
            "", "[]", "null", "{}", #"{"id": 7}"#, #"{"id": ""}"#, #"{"id": "X", "affected": {}}"#, "{\"id\": \"X\"",
            #"{"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": ""}, "versions": ["1"]}]}"#,
            #"{"id": "X", "affected": [\#(numberAsVersion)]}"#,
            "{\"id\": \"\(String(repeating: "x", count: 300))\"}", String(repeating: "[", count: 100_000),
        ])
    func refused(json: String) {
        #expect {
            try read(json)
        } throws: { error in
            guard case AdvisoriesError.record("record.json", let reason) = error else { return false }
            return !reason.isEmpty
        }
    }

    @Test("limits are kept")
    func limits() throws {
        let json = #"{"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1", "2"]}]}"#
        var limits = ImportLimits()
        _ = try read(json, limits: limits)
        limits.versionsMax = 1
        #expect(throws: AdvisoriesError.self) { try read(json, limits: limits) }
        limits = ImportLimits()
        limits.affectedMax = 0
        #expect(throws: AdvisoriesError.self) { try read(json, limits: limits) }
        limits = ImportLimits()
        limits.recordBytesMax = 10
        #expect(throws: AdvisoriesError.self) { try read(json, limits: limits) }
    }

    @Test("an advisory survives JSON with the same content hash")
    func roundTrip() throws {
        let advisory = Samples.advisory(
            "A-1", "PyPI", "a", Samples.fixed("1.0"), versions: ["1"], aliases: ["CVE-1"], severity: .low)
        let again = try JSONDecoder().decode(Advisory.self, from: JSONEncoder().encode(advisory))
        #expect(again == advisory)
        #expect(again.contentHash == advisory.contentHash)
        var other = advisory
        other.affected[0].ranges[0][1].version = "1.1"
        #expect(other.contentHash != advisory.contentHash)
    }

    @Test("damaged records are read or refused, never a crash")
    func hostile() {
        var random = SeededGenerator.printed("damaged OSV records")
        let ranges = #""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#
        let entry = Self.affected("npm", "a", ranges)
        let good = Array(
            #"{"id":"X","aliases":["A"],"affected":[\#(entry)]}"#
                .utf8)
        for _ in 0..<2_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? OSVReader().advisory(Data(bytes), source: "test", name: "x")
        }
    }
}
