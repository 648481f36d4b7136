import Foundation
import Model
import Testing

@Suite("Package URLs and scan values")
struct PackageURLTests {
    static let table: [(PackageURL, String)] = [
        (
            PackageURL(
                type: "deb", namespace: "debian", name: "curl", version: "7.88.1-10+deb12u5",
                qualifiers: ["arch": "amd64", "distro": "debian-12"]),
            "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12"
        ),
        (
            PackageURL(type: "deb", namespace: "debian", name: "libstdc++6", version: "1:2~rc1"),
            "pkg:deb/debian/libstdc%2B%2B6@1:2~rc1"
        ),
        (PackageURL(type: "npm", namespace: "@babel", name: "core", version: "7.0.0"), "pkg:npm/%40babel/core@7.0.0"),
        (
            PackageURL(type: "golang", namespace: "github.com/a/b", name: "c", version: "v1.0.0"),
            "pkg:golang/github.com/a/b/c@v1.0.0"
        ),
        (PackageURL(type: "pypi", name: "requests", version: ""), "pkg:pypi/requests"),
        (
            PackageURL(type: "generic", namespace: "", name: "a b/é", qualifiers: ["x": ""]),
            "pkg:generic/a%20b%2F%C3%A9"
        ),
    ]

    @Test("parts become the text of the specification", arguments: table)
    func text(purl: PackageURL, expected: String) { #expect(purl.description == expected) }

    @Test("the text of the specification is read back", arguments: table)
    func read(purl: PackageURL, text: String) throws {
        #expect(try PackageURL(text).description == text)
        #expect(try PackageURL(text).name == purl.name)
    }

    @Test("package URLs as others write them")
    func others() throws {
        let url = try PackageURL("PKG://npm/@angular/core@1.0.0?Vcs_URL=git%2Bhttps://a/b#src/main")
        #expect(
            url
                == PackageURL(
                    type: "npm", namespace: "@angular", name: "core", version: "1.0.0",
                    qualifiers: ["vcs_url": "git+https://a/b"]))
        #expect(try PackageURL("pkg:npm/@angular/core").version == nil)
        #expect(try PackageURL("pkg:golang/google.golang.org/genproto@v0.0.0-1").namespace == "google.golang.org")
    }

    @Test(
        "what is no package URL is told",
        arguments: [
            ("", "it begins with pkg:"), ("npm/a@1", "it begins with pkg:"), ("pkg:npm", "it has no type"),
            ("pkg:npm/", "it has no name"), ("pkg:npm/a%2", "an escape is broken"),
            ("pkg:npm/a%zz", "an escape is broken"), ("pkg:npm/a@1?x", "a qualifier has no ="),
        ])
    func damage(_ text: String, _ reason: String) {
        #expect { try PackageURL(text) } throws: { ($0 as? ParseError)?.reason == reason }
    }

    @Test("an inventory and a report survive JSON")
    func coding() throws {
        let digest = try Digest(DigestTests.sha256)
        let package = Package(
            name: "libssl3", version: "3", type: .deb, purl: "pkg:deb/debian/libssl3@3",
            source: .init(name: "openssl", version: "3"),
            layer: digest, location: "var/lib/dpkg/status", licenses: ["Apache-2.0"])
        let inventory = Inventory(
            digest: digest, platform: .linuxAMD64, distribution: Distribution(id: "debian", versionID: "12"),
            configuration: ImageConfiguration(platform: .linuxAMD64, diffIDs: [digest]),
            layers: [.init(digest: digest, diffID: nil, sizeBytes: 7)], packages: [package],
            undetermined: [Undetermined(what: "a", reason: "b")], analyserVersion: "1")
        #expect(try JSONDecoder().decode(Inventory.self, from: JSONEncoder().encode(inventory)) == inventory)
        let report = ScanReport(
            image: "a", digest: digest, platform: .linuxAMD64, inventory: inventory, undetermined: [],
            verdict: .init(outcome: .nonCompliant, controls: []))
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(ScanReport.self, from: data) == report)
        #expect(String(decoding: data, as: UTF8.self).contains(#""outcome":"non-compliant""#))
    }

    @Test("findings of packages that the base image brought are counted")
    func base() throws {
        let digests = try ["a", "b"].map { try Digest("sha256:" + String(repeating: $0, count: 64)) }
        func package(_ name: String, _ layer: Digest) -> Package {
            Package(name: name, version: "1", type: .deb, purl: "pkg:deb/\(name)@1", layer: layer, location: "db")
        }
        var inventory = Inventory(
            digest: digests[0], platform: .linuxAMD64, distribution: nil,
            configuration: ImageConfiguration(platform: .linuxAMD64), layers: [],
            packages: [package("old", digests[0]), package("new", digests[1])], undetermined: [], analyserVersion: "1")
        let findings = ["old", "new", "new"].map { name in
            Finding(
                advisory: "A", aliases: [], package: .init(name: name, version: "1", purl: "pkg:deb/\(name)@1"),
                state: .affected, fixedVersion: nil, severity: .low)
        }
        func count() -> Int? {
            ScanReport(
                image: "a", digest: nil, platform: nil, inventory: inventory, findings: findings, undetermined: [],
                verdict: .init(outcome: .undetermined, controls: [])
            ).findingsOfBaseImage
        }
        #expect(count() == nil)
        inventory.baseImage = BaseImage(name: "x")
        #expect(count() == nil)
        inventory.baseImage = BaseImage(layers: [digests[0]])
        #expect(count() == 1)
    }

    @Test("reports are one object for one platform, an array for several, and both forms are read", arguments: 0...2)
    func reports(count: Int) throws {
        let report = ScanReport(
            image: "a", digest: nil, platform: nil, inventory: nil, undetermined: [],
            verdict: .init(outcome: .undetermined, controls: []))
        let reports = ScanReports([ScanReport](repeating: report, count: count))
        let data = try JSONFormat.encode(reports)
        #expect(data.first == UInt8(ascii: count == 1 ? "{" : "["))
        #expect(try JSONFormat.decode(ScanReports.self, from: data) == reports)
        #expect(throws: (any Error).self) { try JSONFormat.decode(ScanReports.self, from: Data("[1]".utf8)) }
        #expect(throws: (any Error).self) { try JSONFormat.decode(ScanReports.self, from: Data("{}".utf8)) }
    }

    @Test("distributions name themselves")
    func distributions() {
        #expect(Distribution(id: "debian", versionID: "12").description == "debian 12")
        #expect(Distribution(id: "arch", versionID: nil).description == "arch")
    }
}
