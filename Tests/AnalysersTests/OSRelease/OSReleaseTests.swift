import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Distribution")
struct OSReleaseTests {
    @Test(
        "where a distribution says what it is",
        arguments: [
            ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", "debian 12"),
            ("usr/lib/os-release", "ID='ubuntu'\nVERSION_ID=\"22.04\"\n", "ubuntu 22.04"),
            (
                "etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\nID=debian\nVERSION_CODENAME=trixie\n",
                "debian"
            ),
            ("etc/alpine-release", "3.19.1\n", "alpine 3.19.1"), ("etc/debian_version", "12.5\n", "debian 12"),
            ("etc/debian_version", "trixie/sid\n", "debian"),
            ("etc/redhat-release", "CentOS release 6.10 (Final)\n", "centos 6.10"),
            ("etc/redhat-release", "Red Hat Enterprise Linux Server release 7.9 (Maipo)\n", "rhel 7.9"),
            ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n", "ubuntu 14.04"),
        ])
    func places(_ path: String, _ content: String, _ expected: String) async throws {
        #expect(try await Scanning.inventory([.file(path, content)]).distribution?.description == expected)
    }

    @Test("os-release comes before older files, and through its link")
    func precedence() async throws {
        let inventory = try await Scanning.inventory(
            [
                .file("etc/debian_version", "11.1\n"),
                .file("usr/lib/os-release", "ID=debian\nVERSION_ID=12\nID_LIKE=\"a b\"\n"),
                .symlink("etc/os-release", "../usr/lib/os-release"),
            ])
        #expect(inventory.distribution == Distribution(id: "debian", idLike: ["a", "b"], versionID: "12"))
    }

    @Test("a file that names nothing is told; an image without any says nothing of it")
    func nothing() async throws {
        #expect(
            try await Scanning.inventory([.file("etc/os-release", "# nothing\n")]).undetermined.map(\.reason) == [
                "it names no distribution"
            ])
        let told = try await Scanning.inventory([.file("app", "x")]).undetermined
        #expect(told.map(\.what) == ["packages"])
    }

    @Test(
        "values in the shell's quoting",
        arguments: [
            ("A=b", "b"), ("A=\"b c\"", "b c"), ("A='b \\ c'", "b \\ c"), ("A=\"b\\\"c\"", "b\"c"), ("A=", ""),
            ("  A=b  ", "b"), ("A=\"b\" # c", "b"),
        ])
    func quoting(_ line: String, _ value: String) { #expect(OSReleaseParser.assignments(line)["A"] == value) }
}
