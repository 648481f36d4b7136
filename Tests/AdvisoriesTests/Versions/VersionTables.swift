import Advisories
import Testing

/// Versions in strictly ascending order, versions that are equal, and text that is no version, for each order.
struct VersionTable: CustomTestStringConvertible, Sendable {
    let order: VersionOrder
    let ascending: [[String]]
    let equal: [[String]]
    let unreadable: [String]

    var testDescription: String { order.rawValue }

    static let all = [dpkg, apk, rpm, pep440, semver, go, gem, composer, maven, nuget]

    /// deb-version(7), and cases of dpkg's own tests.
    static let dpkg = VersionTable(
        order: .dpkg,
        ascending: [
            [
                "1.0~beta1~svn1245-1", "1.0~beta1-1", "1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-2",
                "1.0+dfsg-1",
            ],
            ["0~", "0", "0a", "0+", "0.1", "1", "1:0", "2:0"],
            ["1.2", "1.2a", "1.2a1", "1.2.9", "1.2.10", "1.3"],
            ["1.0-1~deb11u1", "1.0-1", "1.0-1ubuntu1", "1.0-1ubuntu1.1", "1.0-1+b1", "1.0-1.1", "1.0-10"],
            ["1.1.1n-0+deb11u3", "1.1.1n-0+deb11u4", "1.1.1w-0+deb11u1", "3.0.9-1"],
        ],
        equal: [["1.0", "0:1.0", "1.0-0", "01.00"], ["1.0-00", "1.0-0"], ["1.2a", "1.02a"]],
        unreadable: ["", " ", "1.0-", ":1", "a:1", "-1", "1.0_2", "1.0 2", "1.0-1_2", "9999999999:1", "1.0\u{0}", "1:"])

    /// apk-package(5); relations that apk-tools' own table tests as well.
    static let apk = VersionTable(
        order: .apk,
        ascending: [
            [
                "6.0_alpha", "6.0_alpha0", "6.0_alpha1", "6.0_beta", "6.0_pre1", "6.0_rc2", "6.0", "6.0-r0", "6.0-r1",
                "6.0_p1", "6.0.1", "6.1",
            ],
            ["1.0_rc1", "1.0", "1.0_cvs", "1.0_svn", "1.0_git", "1.0_hg", "1.0_p"],
            ["8.2.0", "8.2.001", "8.2.0015", "8.2.002", "8.2.1", "8.2.9", "8.2.10"],
            ["1.0~1234", "1.0~1234-r0", "1.0~1234-r1", "1.0~2345-r0"],
            ["1.1.1a-r0", "1.1.1b-r0", "1.1.1b-r1", "1.1.1l-r0", "1.1.2-r0", "3.0.0-r0"],
            ["1.0.0_pre20191002222144-r0", "1.0.0_pre20210530193627-r0"],
            ["9", "10", "10.0", "10.0.0"],
        ],
        equal: [["1.2.3", "1.2.3"], ["01.2", "1.2"], ["1.0-r1", "1.0-r01"]],
        unreadable: [
            "", ".1", "a", "_pre1", "-r1", "0.1bc", "0.1a1", "0.1_foobar", "0.1-r", "0.1-pre1.1", "0.1-r2_pre1",
            "0.1-r2.1",
            "0.1_pre2~", "0.1_", "0.1__alpha", "0.1_1_alpha", "1..2", "1.2-r1 ~",
        ])

    /// rpm's documentation of `~` and `^`, and its tests of `rpmvercmp`.
    static let rpm = VersionTable(
        order: .rpm,
        ascending: [
            ["1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.1-1", "1.0.1^20160101-1", "1.1-1"],
            ["1.0~rc1^git1-1", "1.0-1"], ["1.0~rc1~git1-1", "1.0~rc1-1", "1.0~rc2-1"],
            ["1.0^git1~pre-1", "1.0^git1-1", "1.0^git2-1"],
            ["2.0-1", "2.0.1-1", "2.0.1a-1", "2.0.2-1"], ["5.5p1-1", "5.5p2-1", "5.5p10-1", "5.6-1"],
            ["xyz.4-1", "2-1", "8-1"], ["4:2.0-1.el8", "5:1.0-1.el8"],
            ["1.0-1.el8", "1.0-1.el8_2", "1.0-2.el8", "1.0-10.el8"],
            ["2:4.9.4-0.1.el9", "2:4.9.4-1.el9", "2:4.9.4-10.el9"],
        ],
        equal: [["1.0-1", "0:1.0-1"], ["1.0-1", "1_0-1", "1.0.-1", "1.00-1"], ["2a.0-1", "2.a.0-1"]],
        unreadable: ["", ":1-1", "x:1-1", "1-", "-1", "1 2-1", "1/2-1"])

    /// PEP 440 and the tests of Python's `packaging`.
    static let pep440 = VersionTable(
        order: .pep440,
        ascending: [
            [
                "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345", "1.0b2-346", "1.0c1.dev456", "1.0c1", "1.0rc2", "1.0c3", "1.0", "1.0.post456.dev34",
                "1.0.post456", "1.1.dev1", "1.2+123abc", "1.2+123abc456", "1.2+abc", "1.2+abc123", "1.2+abc123def",
                "1.2+1234.abc", "1.2+123456", "1.2.r32+123456", "1.2.rev33+123456",
            ],
            ["1.9", "1.10", "2", "1!0.1", "2!0"], ["2012.4", "2013.10"],
        ],
        equal: [
            ["1.0", "1", "1.0.0", "v1.0", "0!1.0", "01.0"],
            ["1.0a1", "1.0.alpha1", "1.0-ALPHA.1", "1.0_a_1", "1.0.a.01"],
            ["1.0rc1", "1.0c1", "1.0.pre1", "1.0-preview1"], ["1.0.post1", "1.0-1", "1.0.r1", "1.0-rev1", "1.0post1"],
            ["1.0.post", "1.0.post0"], ["1.0.dev", "1.0dev0", "1.0-DEV"],
            ["1.0+Ubuntu.1", "1.0+ubuntu-1", "1.0+ubuntu_01"],
        ],
        unreadable: [
            "", "french toast", "1.0+a+", "1.0++", "1.0+_foobar", "1.0+foo&asd", "1.0+1+1", "1.0.", "1..0", "a", "1.0x",
            "!1",
        ])

    /// semver.org, item 11.
    static let semver = VersionTable(
        order: .semver,
        ascending: [
            [
                "1.0.0-0", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
                "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-0", "1.0.1", "1.9.0", "1.10.0", "2.0.0",
            ],
            ["0.0.0-0", "0.0.0"], ["1.0.0-99999999999999999999", "1.0.0-100000000000000000000", "1.0.0-a"],
        ],
        equal: [["1.0.0", "v1.0.0", "1.0.0+build.5", "1.0", "1", "=1.0.0"], ["1.0.0-a.1", "1.0.0-a.1+x"]],
        unreadable: ["", "1.2.3.4", "a.b.c", "1..2", "1.2.", "1.0.0-", "1.0.0-a..b", "1.0.0-ü", "*", "^1.0", "dev"])

    static let go = VersionTable(
        order: .go,
        ascending: [
            [
                "v0.0.0-20190308221718-c2843e01d9a2", "v0.0.0-20200622213623-75b288015ac9", "v0.1.0",
                "v0.1.1-0.20200101000000-aaaaaaaaaaaa", "v0.1.1",
            ],
            ["go1.21beta1", "go1.21rc1", "go1.21rc2", "go1.21", "go1.21.1", "1.21.2", "go1.22"],
            ["v2.0.0+incompatible", "v2.0.1"],
        ],
        equal: [
            ["v1.2.3", "1.2.3", "v1.2.3+incompatible", "go1.2.3"], ["go1.21", "1.21.0", "go1.21 X:nocoverageredesign"],
            ["go1.21rc1", "1.21.0-rc.1"],
        ],
        unreadable: ["", "(devel)", "go", "devel +abc", "unknown"])

    /// The documentation and tests of `Gem::Version`.
    static let gem = VersionTable(
        order: .gem,
        ascending: [
            ["1.0.a", "1.0.a.2", "1.0.a10", "1.0.b1", "1.0.rc1", "1.0", "1.0.1", "1.1"],
            ["1.8.2.a10", "1.8.2.b", "1.8.2"],
            ["5.0.0.beta1", "5.0.0.rc1", "5.0.0"], ["1.9.3", "1.9.10"], ["1-a", "1"], ["0.beta.1", "0.0.1"],
        ],
        equal: [["1.0", "1", "1.0.0"], ["1.2.b1", "1.2.b.1"], ["1-1", "1.pre.1"], ["1.0.a", "1.a"]],
        unreadable: ["", "junk", "1.", "1..2", "1.2 3.4", "-3.alpha", "1.0-", "1.ü"])

    static let composer = VersionTable(
        order: .composer,
        ascending: [
            [
                "1.0.0-dev", "1.0.0-alpha", "1.0.0-alpha2", "1.0.0-beta2-dev", "1.0.0-beta2", "1.0.0-RC1", "1.0.0",
                "1.0.0-p1", "1.0.0-patch2", "1.0.1",
            ],
            ["v2.9.9", "2.10.0", "3"], ["1.2.3.4", "1.2.3.5"], ["4.4.99", "4.13.14"],
        ],
        equal: [
            ["1.0", "v1.0.0", "1.0.0.0", "1.0.0+build"], ["1.0.0-beta1", "1.0.0b1", "1.0.0.beta.1"],
            ["1.0-RC1", "1.0rc1"], ["1.0-stable", "1.0"],
        ],
        unreadable: ["", "dev-main", "2.x-dev", "1.0.0.0.0", "foo", "1.0-foo", "1.0.x"])

    /// POM reference, "Version Order Specification", and the tests of `ComparableVersion`.
    static let maven = VersionTable(
        order: .maven,
        ascending: [
            [
                "1-alpha2snapshot", "1-alpha2", "1-alpha-123", "1-beta-2", "1-beta123", "1-m2", "1-m11", "1-rc",
                "1-cr2", "1-rc123",
                "1-SNAPSHOT", "1", "1-sp", "1-sp2", "1-sp123", "1-abc", "1-def", "1-pom-1", "1-1-snapshot", "1-1",
                "1-2", "1-123",
            ],
            [
                "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1", "2.1-a", "2.1b", "2.1-c", "2.1-1", "2.1.0.1", "2.2",
                "2.123",
            ],
            ["11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a"],
            ["1.0-alpha-1", "1.0-beta-1", "1.0-rc1", "1.0", "1.0.1", "2.0"], ["31.0-android", "31.0.1-jre"],
        ],
        equal: [
            ["1", "1.0", "1.0.0", "1-0", "1.0-0", "1-ga", "1.final", "1-RELEASE"], ["1a1", "1-alpha-1"],
            ["1b2", "1-beta-2"],
            ["1m3", "1-milestone-3"], ["1x", "1-x", "1.0-X", "1X"], ["1-cr1", "1-rc1"],
        ],
        unreadable: ["", "${project.version}", "RELEASE", "-"])

    static let nuget = VersionTable(
        order: .nuget,
        ascending: [["1.0.0-alpha", "1.0.0-BETA", "1.0.0-rc.1", "1.0.0-rc.10", "1.0.0", "1.0.0.1", "1.0.1", "1.10"]],
        equal: [["1.0", "1.0.0", "1.0.0.0", "1", "1.0.0+build"], ["1.0.0-Beta", "1.0.0-beta"]],
        unreadable: ["", "1.2.3.4.5", "a", "1.0-", "1.0.0-a..b", "1.*"])
}
