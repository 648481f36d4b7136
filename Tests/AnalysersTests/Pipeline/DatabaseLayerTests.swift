import Analysers
import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Databases across layers")
struct DatabaseLayerTests {
    private static let status = "var/lib/dpkg/status"
    private static let noDatabase = Undetermined(
        what: "deb packages", reason: "no package database of debian 12 was found")
    private static let nothing = Undetermined(what: "packages", reason: "no package database was found")

    struct Rule: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: [[TarFixture.Item]]
        let expected: [String]
        init(_ name: String, _ expected: [String], _ layers: [TarFixture.Item]...) {
            testDescription = name
            self.layers = layers
            self.expected = expected
        }
    }

    private static let one = Scanning.dpkg(("one", "1"))
    private static let two = Scanning.dpkg(("one", "1"), ("two", "2"))

    static let rules: [Rule] = [
        Rule("a database", ["one 1@0"], [.file(status, one)]),
        Rule(
            "a package belongs to the layer that first has it", ["one 1@0", "two 2@1"], [.file(status, one)],
            [.file(status, two)]),
        Rule(
            "a package that was away comes from where it came back", ["one 1@2", "two 2@2"],
            [.file(status, two)], [.file(status, Scanning.dpkg(("three", "3")))], [.file("new"), .file(status, two)]),
        Rule(
            "another version is another package", ["one 2@1"], [.file(status, one)],
            [.file(status, Scanning.dpkg(("one", "2")))]),
        Rule("a removed database has no packages", [], [.file(status, one)], [.whiteout(status)]),
        Rule("a directory laid over the database", [], [.file(status, one)], [.directory(status)]),
        Rule("an opaque directory over the database", [], [.file(status, one)], [.opaque("var/lib")]),
        Rule(
            "a hard link in the same layer, target first", ["one 1@0"],
            [.file("srv/real", one), .hardLink(status, "srv/real")]),
        Rule("a hard link to a lower layer", ["one 1@1"], [.file("srv/real", one)], [.hardLink(status, "srv/real")]),
        Rule(
            "a relative link", ["one 1@0"],
            [.symlink(status, "../../../srv/packages.txt"), .file("srv/packages.txt", one)]),
        Rule(
            "an absolute link to a higher layer", ["one 1@1"], [.symlink(status, "/srv/packages.txt")],
            [.file("srv/packages.txt", one)]),
        Rule(
            "below a linked directory", ["one 1@0"],
            [.symlink("var", "data/var"), .file("data/var/lib/dpkg/status", one)]),
        Rule(
            "below an absolute linked directory of another layer", ["one 1@1"], [.symlink("var/lib/dpkg", "/srv/db")],
            [.file("srv/db/status", one)]),
        Rule("a database that no link leads to is somebody else's", [], [.file("srv/chroot/var/lib/dpkg/status", one)]),
        Rule("a link out of the image", [], [.symlink(status, "../../../../../../etc/none")]),
        Rule(
            "twice in a layer: the last counts", ["two 2@0"],
            [.file(status, one), .file(status, Scanning.dpkg(("two", "2")))]),
        Rule("names with ./ and //", ["one 1@0"], [.file("./var//lib/dpkg/./status", one)]),
    ]

    @Test("rules", arguments: rules)
    func rule(_ rule: Rule) async throws {
        let inventory = try await Scanning.scan(
            ImageFixture(layers: rule.layers.map { LayerFixture($0 + [.file("etc/os-release", Scanning.osRelease)]) }))
        #expect(Scanning.list(inventory) == rule.expected)
        #expect(inventory.undetermined == (rule.expected.isEmpty ? [Self.noDatabase] : []))
        #expect(inventory.distribution?.description == "debian 12")
    }

    @Test("links that lead in a circle are told")
    func loop() async throws {
        let inventory = try await Scanning.inventory([.symlink(Self.status, "status")])
        #expect(
            inventory.undetermined == [Undetermined(what: Self.status, reason: "its links lead in a circle or too far")]
        )
    }

    @Test("distroless pieces are one database, without the checksums beside them")
    func pieces() async throws {
        let piece = { (name: String) in "Package: \(name)\nVersion: 1\nArchitecture: amd64\nSource: src (2)\n" }
        let inventory = try await Scanning.inventory(
            [
                .file("var/lib/dpkg/status.d/base", piece("base")),
                .file("var/lib/dpkg/status.d/base.md5sums", "00 usr/x\n"),
            ],
            [.file("var/lib/dpkg/status.d/tz", piece("tz")), .file("var/lib/dpkg/status", "")],
            [.file("var/lib/dpkg/status.d/base", piece("base"))], [.whiteout("var/lib/dpkg/status.d/tz")])
        #expect(Scanning.list(inventory) == ["base 1@0"])
        #expect(inventory.packages.first?.source == Package.Source(name: "src", version: "2"))
        #expect(inventory.undetermined == [])
    }

    @Test(
        "a database without a package is no clean list",
        arguments: ["", "\n\n", "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n"])
    func empty(_ content: String) async throws {
        let inventory = try await Scanning.inventory([.file(Self.status, content)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined == [Undetermined(what: Self.status, reason: "the database names no package")])
    }

    @Test(
        "a damaged database is told, with the line",
        arguments: ["garbage\n", "Package: a\nno field\n", "\0\0\0\0", "Package: a\nVersion: 1\n"])
    func damaged(_ content: String) async throws {
        let inventory = try await Scanning.inventory([.file(Self.status, content)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.map(\.what) == [Self.status])
    }

    @Test("a database over its limit is told, and the lower layer's list is not taken for it")
    func tooLarge() async throws {
        var limits = ScanLimits.standard
        limits.layer.keptFileBytesMax = 100
        let large = Scanning.dpkg(("large", "1"), ("larger", "2"), ("largest", "3"))
        let image = try Scanning.image(
            [.file(Self.status, "Package: a\nStatus: install ok installed\nVersion: 1\n")], [.file(Self.status, large)])
        let inventory = try await Scanning.scan(image, limits: limits)
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.first?.what == Self.status)
        #expect(inventory.undetermined.first?.reason.contains("keptFileBytesMax") == true)
    }

    @Test(
        "an image of which nothing is known is never clean",
        arguments: [[], [.file("app", "ELF")], [.directory("etc/")]] as [[TarFixture.Item]])
    func nothingKnown(_ items: [TarFixture.Item]) async throws {
        let inventory = try await Scanning.inventory(items)
        #expect(inventory.packages == [])
        #expect(inventory.undetermined == [Self.nothing])
    }

    @Test("an image without any layer is never clean")
    func noLayers() async throws {
        let inventory = try await Scanning.scan(ImageFixture(layers: [LayerFixture]()))
        #expect(inventory.undetermined == [Self.nothing])
    }

    @Test(
        "a distribution without its own kind of database is told, whatever else is found",
        arguments: [
            ("debian", "deb"), ("ubuntu", "deb"), ("alpine", "apk"), ("wolfi", "apk"), ("rocky", "rpm"),
            ("arch", "alpm"), ("own\nID_LIKE=\"else debian\"", "deb"),
        ])
    func ownDatabase(_ id: String, _ type: String) async throws {
        let python = TarFixture.Item.file("usr/lib/python3/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
        let inventory = try await Scanning.inventory([.file("etc/os-release", "ID=\(id)\n"), python])
        #expect(Scanning.list(inventory) == ["a 1@0"])
        #expect(inventory.undetermined.map(\.what) == ["\(type) packages"])
        let other = try await Scanning.inventory([.file("etc/os-release", "ID=void\n"), python])
        #expect(other.undetermined.map(\.what) == ["packages of void"])
    }

    @Test("language packages alone are an answer where no distribution is named")
    func onlyLanguage() async throws {
        let inventory = try await Scanning.inventory([.file("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")])
        #expect(inventory.undetermined == [])
    }

    @Test("a piece without a package is told")
    func emptyPiece() async throws {
        let path = "var/lib/dpkg/status.d/base"
        let inventory = try await Scanning.inventory([
            .file(path, ""), .file("var/lib/dpkg/status.d/tz", "Package: tz\nVersion: 1\n"),
        ])
        #expect(Scanning.list(inventory) == ["tz 1@0"])
        #expect(inventory.undetermined == [Undetermined(what: path, reason: "the database names no package")])
    }

    @Test("of a Windows image the layers that its registry holds are read; the parts of Windows are told")
    func windowsLayers() async throws {
        var base = LayerFixture([.file("Files/Windows/x")])
        base.mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        let own = LayerFixture([.file("Files/app/node_modules/ms/package.json", #"{"name": "ms", "version": "2.1.3"}"#)]
        )
        let image = try ImageFixture(layers: [base, own], platform: Platform("windows/amd64"))
        let inventory = try await Scanning.scan(image)
        #expect(Scanning.list(inventory) == ["ms 2.1.3@1"])
        #expect(
            inventory.undetermined == [
                Undetermined(what: "Windows packages", reason: "not read"),
                Undetermined(
                    what: "layer \(base.descriptor.digest)",
                    reason: "not read: a part of Windows, which its registry does not hold"),
            ])
    }

    @Test("Windows images are never clean")
    func windows() async throws {
        let image = try ImageFixture(
            layers: [LayerFixture([.file("Files/x")])], platform: Platform("windows/amd64"))
        #expect(
            try await Scanning.scan(image).undetermined == [Undetermined(what: "Windows packages", reason: "not read")])
    }

    @Test("entries that climb out of the root are told")
    func climbing() async throws {
        let inventory = try await Scanning.inventory([
            .file("../../" + Self.status, Self.one), .file(Self.status, Self.one),
        ])
        #expect(Scanning.list(inventory) == ["one 1@0"])
        #expect(inventory.undetermined.count == 1)
        #expect(inventory.undetermined.first?.reason.contains("leaves the image root") == true)
    }
}
