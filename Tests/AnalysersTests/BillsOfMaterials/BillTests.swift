import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Bills of materials inside an image")
struct BillTests {
    private static let cyclonedx = """
        {
          "bomFormat": "CycloneDX", "specVersion": "1.5",
          "metadata": {"component": {"type": "container", "name": "app"}},
          "components": [
            {"type": "operating-system", "name": "debian", "version": "12.15"},
            {"type": "library", "name": "core", "version": "7.0.0", "purl": "pkg:npm/%40babel/core@7.0.0",
             "licenses": [{"license": {"id": "MIT"}}],
             "components": [{"type": "library", "name": "ms", "version": "2.1.3", "purl": "pkg:npm/ms@2.1.3"}]},
            {"type": "library", "name": "log4j-core", "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"},
            {"type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&epoch=1&upstream=openssl"},
            {"type": "application", "name": "node-pkg"},
            {"type": "file", "name": "/bin/x"}
          ]
        }
        """

    private static let spdx = """
        {
          "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentDescribes": ["SPDXRef-root"],
          "packages": [
            {"SPDXID": "SPDXRef-root", "name": "app"},
            {"SPDXID": "SPDXRef-1", "name": "redis", "versionInfo": "7.0.5", "licenseDeclared": "BSD-3-Clause",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                               "referenceLocator": "pkg:bitnami/redis@7.0.5"}]},
            {"SPDXID": "SPDXRef-2", "name": "stdlib", "versionInfo": "1.22.1",
             "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:golang/stdlib@1.22.1"}]}
          ]
        }
        """

    private static let tags = """
        SPDXVersion: SPDX-2.2
        DataLicense: CC0-1.0
        DocumentComment: <text>not
        PackageName: this</text>
        ## Package
        PackageName: glibc
        SPDXID: SPDXRef-1
        PackageVersion: 2.34-60.el9
        ExternalRef: PACKAGE-MANAGER purl pkg:rpm/redhat/glibc@2.34-60.el9?arch=x86_64&epoch=1&upstream=glibc-2.34-60.el9.src.rpm
        """

    private static func list(_ inventory: Inventory) -> [String] {
        inventory.packages.map {
            "\($0.type) \($0.name) \($0.version) \($0.claim?.rawValue ?? "installed") \($0.location)"
        }
    }

    @Test("what is not seen installed counts, by package URL, and says where it comes from")
    func forms() async throws {
        let inventory = try await Scanning.inventory([
            .file("opt/app.cdx.json", Self.cyclonedx), .file("opt/redis/.spdx-redis.spdx", Self.spdx),
            .file("opt/glibc.spdx", Self.tags),
        ])
        #expect(
            Self.list(inventory) == [
                "deb libssl3 1:3.0.11-1~deb12u1 bill-of-materials opt/app.cdx.json",
                "generic redis 7.0.5 bill-of-materials opt/redis/.spdx-redis.spdx",
                "golang stdlib go1.22.1 bill-of-materials opt/redis/.spdx-redis.spdx",
                "maven org.apache.logging.log4j:log4j-core 2.14.1 bill-of-materials opt/app.cdx.json",
                "npm @babel/core 7.0.0 bill-of-materials opt/app.cdx.json",
                "npm ms 2.1.3 bill-of-materials opt/app.cdx.json",
                "rpm glibc 1:2.34-60.el9 bill-of-materials opt/glibc.spdx",
            ])
        #expect(inventory.packages[0].source == .init(name: "openssl", version: "1:3.0.11-1~deb12u1"))
        #expect(inventory.packages[4].licenses == ["MIT"])
        #expect(inventory.packages[6].source == .init(name: "glibc", version: "2.34-60.el9"))
        #expect(inventory.packages[6].purl == "pkg:rpm/glibc@2.34-60.el9?arch=x86_64&epoch=1")
        #expect(inventory.distribution == nil, "what an image is made of is not the bill's to say")
        // A bill in an image stands in for no database: nobody could tell what it leaves out.
        #expect(inventory.undetermined.map(\.reason) == ["no package database was found"])
    }

    @Test(
        "a claim makes no image known in which nothing was seen", arguments: ["opt/bom.json", "app/package-lock.json"])
    func bare(_ path: String) async throws {
        let bill = #"{"bomFormat": "CycloneDX", "components": [{"name": "ms", "purl": "pkg:npm/ms@2.0.0"}]}"#
        let lock = #"{"packages": {"node_modules/ms": {"version": "2.0.0"}}}"#
        let inventory = try await Scanning.inventory([
            .file(path, path.hasSuffix("bom.json") ? bill : lock), .file("bin/app", "unknown"),
        ])
        #expect(inventory.packages.map(\.name) == ["ms"])
        #expect(inventory.undetermined.map(\.reason) == ["no package database was found"])
    }

    @Test(
        "distributions have the names of their os-release, whatever wrote the bill",
        arguments: [
            ("redhat", "9.4", "rhel 9.4"), ("alma", "9.4", "almalinux 9.4"), ("debian", "12.5", "debian 12"),
            ("opensuse.leap", "15.5", "opensuse-leap 15.5"), ("Alpine", "3.19.1", "alpine 3.19.1"),
        ])
    func distributions(_ name: String, _ version: String, _ expected: String) {
        #expect(Bill.distribution(name, version).description == expected)
    }

    @Test("packages of another distribution than the bill's are told")
    func otherDistributions() throws {
        let bill = Bill(components: [
            .init(name: "curl", purl: "pkg:deb/debian/curl@7.88?distro=debian-12.5"),
            .init(name: "wget", purl: "pkg:deb/debian/wget@1.21?distro=debian-12"),
            .init(name: "tar", purl: "pkg:deb/ubuntu/tar@1.34?distro=ubuntu-22.04"),
        ])
        let findings = try bill.findings()
        #expect(findings.distribution == Distribution(id: "debian", versionID: "12"))
        #expect(
            findings.undetermined.map(\.reason) == [
                "it has packages of other distributions, too: ubuntu 22.04"
            ])
    }

    @Test("what is installed is no claim, and a distribution's database is the truth")
    func installed() async throws {
        let inventory = try await Scanning.inventory([
            .file("etc/os-release", Scanning.osRelease),
            .file("var/lib/dpkg/status", Scanning.dpkg(("libc6", "2.36"))),
            .file("app/node_modules/ms/package.json", #"{"name": "ms", "version": "2.1.3"}"#),
            .file("opt/bom.json", Self.cyclonedx),
        ])
        #expect(
            Self.list(inventory) == [
                "deb libc6 2.36 installed var/lib/dpkg/status",
                "maven org.apache.logging.log4j:log4j-core 2.14.1 bill-of-materials opt/bom.json",
                "npm @babel/core 7.0.0 bill-of-materials opt/bom.json",
                "npm ms 2.1.3 installed app/node_modules/ms/package.json",
            ])
    }

    @Test("names that are only written otherwise are the same package")
    func spelling() async throws {
        let bill = #"{"bomFormat": "CycloneDX", "components": [{"name": "x", "purl": "pkg:pypi/pyyaml@6.0"}]}"#
        let inventory = try await Scanning.inventory([
            .file("usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA", "Name: PyYAML\nVersion: 6.0\n"),
            .file("opt/bom.json", bill),
        ])
        #expect(inventory.packages.map(\.name) == ["PyYAML"])
    }

    @Test("a text of several lines ends where its mark is, and one without an end is damage")
    func texts() throws {
        func read(_ text: String) throws -> [String] {
            try Array("SPDXVersion: SPDX-2.3\n\(text)".utf8).withUnsafeBytes { bytes in
                Result { try BillReader.read(bytes) }
            }.get().packages.map(\.name)
        }
        let package = "PackageName: a\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n"
        #expect(try read("PackageComment: <text>x</text> y\n" + package) == ["a"])
        #expect(try read("PackageComment: <text>x\n</text> y\n" + package) == ["a"])
        #expect(throws: AnalysisError("a text in it has no end")) { try read("PackageComment: <text>x\n" + package) }
    }

    @Test("a statement and its envelope hold the same")
    func attestation() throws {
        func read(_ text: String) throws -> FileFindings {
            try Array(text.utf8).withUnsafeBytes { bytes in Result { try BillReader.read(bytes) } }.get()
        }
        let statement = """
            {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://spdx.dev/Document",
             "subject": [], "predicate": \(Self.spdx)}
            """
        let payload = Data(statement.utf8).base64EncodedString()
        let envelope = #"{"payloadType": "application/vnd.in-toto+json", "payload": "\#(payload)", "signatures": []}"#
        let expected = try read(Self.spdx)
        #expect(expected.packages.count == 2)
        #expect(try read(statement) == expected)
        #expect(try read(envelope) == expected)
        let nested =
            #"{"payloadType": "application/vnd.in-toto+json", "payload": "\#(Data(envelope.utf8).base64EncodedString())"}"#
        #expect(throws: AnalysisError("it is neither CycloneDX nor SPDX")) { try read(nested) }
    }

    @Test(
        "what is damaged, or of a form that is not read, is told",
        arguments: [
            ("", "it is empty"), ("{", "it is no JSON"),
            ("<bom/>", "bills as XML are not read: write it as JSON"),
            (#"{"spdxVersion": "SPDX-3.0"}"#, "SPDX-3.0 is not read"),
            (
                #"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#,
                "SPDX 3 is not read: write it as SPDX 2.3 or CycloneDX"
            ),
            (#"{"bomFormat": "CycloneDX", "components": {}}"#, "components has another type"),
            ("SPDXVersion: SPDX-9.9", "SPDX-9.9 is not read"),
        ])
    func damage(_ text: String, _ reason: String) async throws {
        let inventory = try await Scanning.inventory([.file("a.cdx.json", text)])
        #expect(inventory.undetermined.contains(Undetermined(what: "a.cdx.json", reason: reason)))
    }

    @Test("a bill of more components than packages may be ends there, also where they lie in each other")
    func swelling() throws {
        func read(_ components: String) throws {
            let text = #"{"bomFormat": "CycloneDX", "components": [\#(components)]}"#
            _ = try Array(text.utf8).withUnsafeBytes { bytes in Result { try BillReader.read(bytes) } }.get()
        }
        let half = [String](repeating: "{}", count: AnalysisLimits.packagesMax / 2).joined(separator: ",")
        try read(half)
        let limit = AnalysisError(
            "it names more packages than the limit packagesMax = \(AnalysisLimits.packagesMax)")
        #expect(throws: limit) { try read(half + "," + half + ",{}") }
        #expect(throws: limit) { try read(half + #",{"components": [\#(half)]}"#) }
    }

    @Test("what is only called like a bill says nothing", arguments: ["{}", "hello", "SPDX licence list"])
    func other(_ text: String) async throws {
        let inventory = try await Scanning.inventory([
            .file("usr/share/licenses/MIT.spdx", text), .file("etc/os-release", "ID=other\n"),
            .file("app/node_modules/ms/package.json", #"{"name": "ms", "version": "2.1.3"}"#),
        ])
        #expect(!inventory.undetermined.contains { $0.what.contains("spdx") })
    }
}
