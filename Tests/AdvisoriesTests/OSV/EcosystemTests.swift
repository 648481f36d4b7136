import Advisories
import Model
import Testing

@Suite("Names of ecosystems")
struct EcosystemTests {
    @Test(
        "a distribution's release has the name that OSV uses",
        arguments: [
            ("debian", "12", "Debian:12"), ("debian", "12.5", "Debian:12"), ("ubuntu", "22.04", "Ubuntu:22.04"),
            ("alpine", "3.18.4", "Alpine:v3.18"), ("alpine", "3.21_alpha20240923", "Alpine:edge"),
            ("almalinux", "9.4", "AlmaLinux:9"),
            ("rocky", "8.9", "Rocky Linux:8"), ("rhel", "9.4", "Red Hat:9"), ("wolfi", "20230201", "Wolfi"),
            ("opensuse-leap", "15.5", "openSUSE:Leap 15.5"), ("sles", "15.4", "SUSE:Linux Enterprise Server 15 SP4"),
        ])
    func distributions(id: String, version: String, ecosystem: String) {
        #expect(Ecosystem(distribution: Distribution(id: id, versionID: version))?.text == ecosystem)
    }

    @Test("a distribution without a release, or without advisories, has none")
    func none() {
        #expect(Ecosystem(distribution: Distribution(id: "debian", versionID: nil)) == nil)
        #expect(Ecosystem(distribution: Distribution(id: "scratchlinux", versionID: "1")) == nil)
    }

    @Test("what a record writes becomes the same name")
    func records() {
        #expect(Ecosystem(record: "Ubuntu:22.04:LTS").text == "Ubuntu:22.04")
        #expect(Ecosystem(record: "Ubuntu:Pro:18.04:LTS").text == "Ubuntu:Pro:18.04")
        #expect(Ecosystem(record: "Red Hat:enterprise_linux:9::appstream").text == "Red Hat:9")
        #expect(Ecosystem(record: "Alpine:v3.18").text == "Alpine:v3.18")
    }

    @Test("every language has an ecosystem whose versions can be ordered")
    func languages() throws {
        for type in PackageType.allCases where !type.isOperatingSystem {
            #expect(try #require(Ecosystem(language: type)).order != nil, "\(type)")
        }
    }
}
