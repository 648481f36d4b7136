import Advisories
import Model
import Testing

@Suite("What stays unknown is said")
struct UnknownTests {
    private let set = Samples.set([
        Samples.advisory("DSA-1", "Debian:11", "openssl"),
        Samples.advisory("PYSEC-1", "PyPI", "requests", Samples.fixed("2.0")),
        Samples.advisory("PYSEC-2", "PyPI", "broken", Samples.fixed("not a version")),
    ])

    private func unknown(_ distribution: Distribution?, _ packages: [Package]) -> [Undetermined] {
        let result = set.match(Samples.inventory(distribution, packages))
        #expect(result.findings.isEmpty)
        return result.undetermined
    }

    @Test("a release without data")
    func release() {
        let packages = [Samples.package(.deb, "openssl", "1"), Samples.package(.deb, "zlib", "1")]
        #expect(
            unknown(Samples.debian12, packages) == [
                Undetermined(what: "advisories for debian 12", reason: "no data for this release in generation 7")
            ])
    }

    @Test("an ecosystem without data")
    func ecosystem() {
        #expect(
            unknown(Samples.debian12, [Samples.package(.npm, "a", "1.0.0")]) == [
                Undetermined(what: "advisories for npm", reason: "no data for this ecosystem in generation 7")
            ])
    }

    @Test("packages of a distribution that the image does not name")
    func noDistribution() {
        #expect(unknown(nil, [Samples.package(.deb, "a", "1")]).map(\.what) == ["advisories for deb packages"])
    }

    @Test("a distribution or release that nobody advises on")
    func unknownDistribution() {
        for distribution in [Distribution(id: "nixos", versionID: "23.11"), Distribution(id: "debian", versionID: nil)]
        {
            #expect(
                unknown(distribution, [Samples.package(.deb, "a", "1")]).map(\.what) == [
                    "advisories for \(distribution)"
                ])
        }
    }

    @Test("packages of another distribution's kind")
    func foreign() {
        let debian11 = Distribution(id: "debian", versionID: "11")
        #expect(unknown(debian11, [Samples.package(.rpm, "a", "1-1")]).map(\.what) == ["advisories for rpm packages"])
    }

    @Test("an installed version that cannot be read")
    func installedVersion() throws {
        let reasons = unknown(nil, [Samples.package(.pypi, "requests", "main-snapshot")])
        #expect(reasons.map(\.what) == ["package requests main-snapshot"])
        #expect(try #require(reasons.first).reason.contains("pep440"))
    }

    @Test("an advisory's version that cannot be read")
    func advisedVersion() throws {
        let reasons = unknown(nil, [Samples.package(.pypi, "broken", "1.0")])
        #expect(reasons.map(\.what) == ["advisory PYSEC-2 for package broken 1.0"])
    }

    @Test("an unreadable version of a package that nothing is known against is no trouble")
    func untouched() {
        #expect(unknown(nil, [Samples.package(.pypi, "harmless", "main-snapshot")]).isEmpty)
    }

    @Test("an empty set covers nothing")
    func empty() {
        let result = AdvisorySet.empty.match(Samples.inventory(nil, [Samples.package(.npm, "a", "1.0.0")]))
        #expect(result.undetermined.map(\.what) == ["advisories for npm"])
        #expect(AdvisorySet.empty.match(Samples.inventory(Samples.debian12, [])).undetermined.isEmpty)
    }
}
