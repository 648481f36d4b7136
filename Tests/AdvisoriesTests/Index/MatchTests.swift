import Advisories
import Foundation
import Model
import Testing

@Suite("Matching an inventory")
struct MatchTests {
    private func ids(_ set: AdvisorySet, _ distribution: Distribution?, _ packages: [Package]) -> [String] {
        set.match(Samples.inventory(distribution, packages)).findings.map(\.advisory)
    }

    @Test("Debian is matched by the source's name and version, and shows the binary")
    func debianSource() throws {
        let set = Samples.set([Samples.advisory("DSA-1", "Debian:12", "openssl", Samples.fixed("3.0.11-1"))])
        let package = Samples.package(.deb, "libssl3", "3.0.11-1+b1", source: "openssl", sourceVersion: "3.0.10-1")
        let finding = try #require(set.match(Samples.inventory(Samples.debian12, [package])).findings.first)
        #expect(finding.package == .init(name: "libssl3", version: "3.0.11-1+b1", purl: package.purl))
        #expect(ids(set, Samples.debian12, [Samples.package(.deb, "openssl", "9", source: "other")]).isEmpty)
        #expect(ids(set, Samples.debian12, [Samples.package(.deb, "openssl", "3.0.9-1")]) == ["DSA-1"])
    }

    @Test("releases do not mix")
    func releases() {
        let set = Samples.set([
            Samples.advisory("DSA-1", "Debian:12", "openssl"), Samples.advisory("DSA-2", "Debian:11", "openssl"),
            Samples.advisory("USN-1", "Ubuntu:22.04:LTS", "openssl"),
            Samples.advisory("USN-2", "Ubuntu:Pro:22.04:LTS", "openssl"),
        ])
        let package = Samples.package(.deb, "openssl", "1")
        #expect(ids(set, Samples.debian12, [package]) == ["DSA-1"])
        #expect(ids(set, Distribution(id: "ubuntu", versionID: "22.04"), [package]) == ["USN-1"])
    }

    @Test("Alpine is matched by origin")
    func alpineOrigin() {
        let set = Samples.set([Samples.advisory("ALPINE-1", "Alpine:v3.18", "openssl", Samples.fixed("3.1.4-r0"))])
        let packages = ["libssl3", "libcrypto3"].map { Samples.package(.apk, $0, "3.1.3-r0", source: "openssl") }
        #expect(ids(set, Samples.alpine318, packages) == ["ALPINE-1", "ALPINE-1"])
    }

    @Test("Python names are compared by PEP 503, local versions count as the public one")
    func python() {
        let set = Samples.set([Samples.advisory("PYSEC-1", "PyPI", "Ruamel.YAML", Samples.fixed("1.0"))])
        #expect(ids(set, nil, [Samples.package(.pypi, "ruamel_yaml", "0.9")]) == ["PYSEC-1"])
        #expect(ids(set, nil, [Samples.package(.pypi, "ruamel-yaml", "1.0+cu118")]).isEmpty)
        #expect(ids(set, nil, [Samples.package(.pypi, "ruamel.yaml", "1.0rc1")]) == ["PYSEC-1"])
    }

    @Test("names of npm keep their case; those of Go, NuGet and Packagist do not")
    func letterCase() {
        let set = Samples.set([
            Samples.advisory("N-1", "npm", "JSONStream"), Samples.advisory("G-1", "Go", "github.com/Azure/sdk"),
            Samples.advisory("D-1", "NuGet", "Newtonsoft.Json"), Samples.advisory("P-1", "Packagist", "Symfony/HTTP"),
        ])
        let packages = [
            Samples.package(.npm, "jsonstream", "1.0.0"), Samples.package(.golang, "github.com/azure/sdk", "v1.0.0"),
            Samples.package(.nuget, "newtonsoft.json", "1.0.0"), Samples.package(.composer, "symfony/http", "1.0.0"),
        ]
        #expect(Set(ids(set, nil, packages)) == ["D-1", "G-1", "P-1"])
    }

    @Test("a stored advisory's name is spelled as now, whatever wrote it")
    func stored() throws {
        let written = try JSONEncoder().encode(Samples.advisory("G-1", "Go", "github.com/azure/sdk"))
        let older = String(decoding: written, as: UTF8.self).replacing("\\/azure\\/", with: "\\/Azure\\/")
        let set = Samples.set([try JSONDecoder().decode(Advisory.self, from: Data(older.utf8))])
        #expect(older.contains("Azure"))
        #expect(ids(set, nil, [Samples.package(.golang, "github.com/Azure/sdk", "v1.0.0")]) == ["G-1"])
    }

    private func guessed(_ name: String, _ version: String) -> Inventory {
        var package = Samples.package(.maven, name, version)
        package.isNameGuessed = true
        return Samples.inventory(nil, [package])
    }

    @Test(
        "a Java package whose group was guessed is unknown where another group's has a flaw, and never clean",
        arguments: [
            ("com.google:gson", "com.google.code.gson:gson"), ("gson", "com.google.code.gson:gson"),
            ("net.jpountz:lz4-java", "org.lz4:lz4-java"),
        ])
    func guessedGroup(_ guess: String, _ advised: String) throws {
        let set = Samples.set([
            Samples.advisory("G-1", "Maven", advised, Samples.fixed("2.8.9")),
            Samples.advisory("G-2", "Maven", advised, Samples.fixed("2.0.0")),
        ])
        let result = set.match(guessed(guess, "2.2.4"))
        #expect(result.findings.isEmpty)
        #expect(
            result.undetermined == [
                Undetermined(
                    what: "package \(guess) 2.2.4", reason: "its group is guessed; if it is \(advised), it has G-1")
            ])
        #expect(set.match(guessed(guess, "2.8.9")).undetermined.isEmpty)
        // A stated group, and one that advisories know, is what it says.
        #expect(set.match(Samples.inventory(nil, [Samples.package(.maven, guess, "2.2.4")])).undetermined.isEmpty)
        let known = set.match(guessed(advised, "2.2.4"))
        #expect(known.findings.map(\.advisory) == ["G-1"] && known.undetermined.isEmpty)
    }

    @Test("a short name in another organisation's group is another package")
    func otherArtifact() {
        let set = Samples.set([Samples.advisory("G-1", "Maven", "io.example:core")])
        #expect(set.match(guessed("org.other.app:core", "1.0")).undetermined.isEmpty)
        #expect(!set.match(guessed("core", "1.0")).undetermined.isEmpty)
    }

    @Test("a new advisory touches packages that it may be about")
    func guessedDelta() {
        let old = Samples.set([Samples.advisory("G-1", "Maven", "a:b")])
        let new = Samples.set(
            [Samples.advisory("G-1", "Maven", "a:b"), Samples.advisory("G-2", "Maven", "com.google.code.gson:gson")],
            generation: 8)
        let delta = AdvisoryDelta(from: old, to: new)
        #expect(delta.touches(guessed("com.google:gson", "2.2.4")))
        #expect(!delta.touches(Samples.inventory(nil, [Samples.package(.maven, "com.google:gson", "2.2.4")])))
    }

    @Test("programs by hand are what Bitnami advises on, by its names; what it does not pack is unknown")
    func programs() {
        let set = Samples.set([
            Samples.advisory("BIT-1", "Bitnami", "apache", Samples.fixed("2.4.59")),
            Samples.advisory("BIT-2", "Bitnami", "java", Samples.fixed("17.0.9")),
            Samples.advisory("BIT-3", "Bitnami", "postgresql", Samples.fixed("16.1.0")),
        ])
        let packages = [
            Samples.package(.generic, "httpd", "2.4.58"), Samples.package(.generic, "openjdk", "17.0.8+7"),
            Samples.package(.generic, "postgresql", "16.1"), Samples.package(.generic, "busybox", "1.36.1"),
        ]
        #expect(Set(ids(set, nil, packages)) == ["BIT-1", "BIT-2"])
        let unknown = set.match(Samples.inventory(nil, packages)).undetermined
        #expect(unknown.map(\.what) == ["advisories for busybox 1.36.1"])
    }

    @Test("a version in the list counts even if no range holds it")
    func listed() {
        let set = Samples.set([
            Samples.advisory("PYSEC-1", "PyPI", "a", Samples.fixed("1.0"), versions: ["2.0.0"]),
            Samples.advisory("PYSEC-2", "PyPI", "b", [], versions: ["2.0rc1"]),
        ])
        #expect(ids(set, nil, [Samples.package(.pypi, "a", "2.0")]) == ["PYSEC-1"])
        #expect(ids(set, nil, [Samples.package(.pypi, "a", "2.0+local.1")]) == ["PYSEC-1"])
        #expect(ids(set, nil, [Samples.package(.pypi, "a", "2.0.1")]).isEmpty)
        #expect(ids(set, nil, [Samples.package(.pypi, "b", "2.0.RC-1")]) == ["PYSEC-2"])
    }

    @Test("a withdrawn record never matches")
    func withdrawn() {
        let set = Samples.set([
            Samples.advisory("N-1", "npm", "a", withdrawn: "2024-01-01"), Samples.advisory("N-2", "npm", "b"),
        ])
        #expect(set.count == 2)
        #expect(ids(set, nil, [Samples.package(.npm, "a", "1.0.0")]).isEmpty)
    }

    @Test("rpm: an absent epoch of the installed package is 0 in a direct match")
    func epoch() {
        let set = Samples.set([Samples.advisory("ALSA-1", "AlmaLinux:9", "podman", Samples.fixed("2:4.9.4-0.1.el9"))])
        let alma = Distribution(id: "almalinux", versionID: "9.4")
        #expect(ids(set, alma, [Samples.package(.rpm, "podman", "5.0.0-1.el9")]) == ["ALSA-1"])
        #expect(ids(set, alma, [Samples.package(.rpm, "podman", "2:5.0.0-1.el9")]).isEmpty)
    }

    @Test("rpm: an absent epoch of the source takes the advisory's")
    func sourceEpoch() {
        let set = Samples.set([Samples.advisory("RLSA-1", "Rocky Linux:9", "podman", Samples.fixed("2:4.9.4-0.1.el9"))])
        let rocky = Distribution(id: "rocky", versionID: "9.4")
        let fixed = Samples.package(
            .rpm, "podman-tests", "2:5.0.0-1.el9", source: "podman", sourceVersion: "5.0.0-1.el9")
        let old = Samples.package(.rpm, "podman-tests", "2:4.0.0-1.el9", source: "podman", sourceVersion: "4.0.0-1.el9")
        #expect(ids(set, rocky, [fixed]).isEmpty)
        #expect(ids(set, rocky, [old]) == ["RLSA-1"])
    }

    @Test("a language package that the distribution owns is left to the distribution, if that has data")
    func owned() {
        let set = Samples.set([
            Samples.advisory("PYSEC-1", "PyPI", "requests"), Samples.advisory("DSA-1", "Debian:12", "other"),
        ])
        let package = Samples.package(.pypi, "requests", "1.0")
        var owned = package
        owned.owner = "python3-requests"
        let result = set.match(Samples.inventory(Samples.debian12, [owned]))
        #expect(result.findings.isEmpty && result.undetermined.isEmpty)
        #expect(set.match(Samples.inventory(Samples.debian12, [package])).findings.count == 1)
        let debian13 = Distribution(id: "debian", versionID: "13")
        #expect(set.match(Samples.inventory(debian13, [owned])).findings.count == 1)
        let options = MatchOptions { _ in false }
        #expect(set.match(Samples.inventory(Samples.debian12, [owned]), options: options).findings.count == 1)
    }

    @Test("the result is sorted and the same every time")
    func deterministic() {
        let advisories = (0..<50).map { Samples.advisory("A-\($0)", "npm", "p\($0 % 7)") }
        let packages = (0..<7).map { Samples.package(.npm, "p\($0)", "1.0.0") }
        let one = Samples.set(advisories).match(Samples.inventory(nil, packages))
        let other = Samples.set(advisories.reversed()).match(Samples.inventory(nil, packages.reversed()))
        #expect(one == other)
        #expect(one.findings.count == 50)
    }

    @Test("the same package found twice is reported once")
    func twice() {
        let set = Samples.set([Samples.advisory("A-1", "npm", "a")])
        var second = Samples.package(.npm, "a", "1.0.0")
        second.location = "elsewhere"
        #expect(ids(set, nil, [Samples.package(.npm, "a", "1.0.0"), second]) == ["A-1"])
    }
}
