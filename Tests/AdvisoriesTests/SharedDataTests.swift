import Advisories
import Foundation
import Model
import Testing

/// Extra tests over real advisory data, which lies beside the repository or at `PRATIQUE_TEST_OSV`; skipped without it.
@Suite("Real advisory data")
struct SharedDataTests {
    private static let folder: String? = {
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data/osv").path
        let folder = ProcessInfo.processInfo.environment["PRATIQUE_TEST_OSV"] ?? beside
        if FileManager.default.fileExists(atPath: folder) { return folder }
        print("skipped: there is no advisory data at \(folder); PRATIQUE_TEST_OSV names another place")
        return nil
    }()

    @Test("every record of every ecosystem is read, and every version of an event can be ordered")
    func whole() throws {
        guard let folder = Self.folder else { return }
        var builder = AdvisorySet.Builder(generation: 1)
        var unreadable: [String: Int] = [:]
        var reading = AdvisoryImport { advisory in
            builder.add(advisory)
            for affected in advisory.affected {
                let order = try #require(affected.ecosystem.order, "\(affected.ecosystem)")
                for event in affected.ranges.joined() where (try? OrderedVersion(event.version, order)) == nil {
                    unreadable["\(affected.ecosystem) \(event.version) (\(advisory.id))", default: 0] += 1
                }
            }
        }
        try reading.read(path: folder)
        #expect(reading.report.unreadable == 0)
        #expect(reading.report.records > 20_000)
        for (version, count) in unreadable.sorted(by: { $0.key < $1.key }).prefix(5) {
            print("unreadable: \(version) × \(count)")
        }
        // Alpine and PyPI have slips of the pen, such as `4.8.0.-r1` and `2019-09-12`.
        #expect(unreadable.keys.filter { !$0.hasPrefix("Alpine:") && !$0.hasPrefix("PyPI ") } == [])
        #expect(unreadable.count < 100)
        let set = builder.build()
        #expect(set.count == reading.report.records)
        #expect(set.coverage.contains(Ecosystem(record: "Debian:11")))
        #expect(!set.coverage.contains(Ecosystem(record: "Debian:12")))
        Self.known(set)
    }

    /// Findings that are known to be right.
    private static func known(_ set: AdvisorySet) {
        let debian11 = Distribution(id: "debian", versionID: "11")
        let openssl = Samples.package(.deb, "libssl1.1", "1.1.1k-1", source: "openssl", sourceVersion: "1.1.1k-1")
        let flask = Samples.package(.pypi, "Flask", "0.12.2")
        let result = set.match(Samples.inventory(debian11, [openssl, flask]))
        let ids = Set(result.findings.flatMap { [$0.advisory] + $0.aliases })
        #expect(ids.contains("DSA-4963-1"))
        #expect(ids.contains("CVE-2021-3711"))
        #expect(ids.contains("CVE-2018-1000656"))
        #expect(result.undetermined.isEmpty)
        let fixed = Samples.package(.deb, "libssl1.1", "1.1.1w-0+deb11u1", source: "openssl")
        #expect(set.match(Samples.inventory(debian11, [fixed])).findings.isEmpty)
        let bookworm = set.match(Samples.inventory(Samples.debian12, [openssl]))
        #expect(bookworm.undetermined.map(\.what) == ["advisories for debian 12"])
    }
}
