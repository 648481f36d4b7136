import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Python")
struct PythonTests {
    private static let site = "usr/lib/python3.11/site-packages"

    @Test("what pip lists is listed, what it does not is not")
    func forms() async throws {
        let inventory = try await Scanning.inventory([
            .file(
                "\(Self.site)/Flask-3.0.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.0\nLicense: BSD\n\nName: no\n"),
            .file("\(Self.site)/ruamel.yaml-0.18.dist-info/METADATA", "Name: ruamel.yaml\nVersion: 0.18\n"),
            .file("\(Self.site)/old.egg-info/PKG-INFO", "Name: old\nVersion: 1\n"),
            .file("\(Self.site)/older-2.egg-info", "Name: older\nVersion: 2\n"),
            .file("\(Self.site)/egg-3.egg/EGG-INFO/PKG-INFO", "Name: egg\nVersion: 3\n"),
            .file("\(Self.site)/empty.dist-info/RECORD", ""),
            .file("\(Self.site)/setuptools/_vendor/wheel-1.dist-info/METADATA", "Name: wheel\nVersion: 1\n"),
            .file("\(Self.site)/~lask-2.dist-info/METADATA", "Name: Flask\nVersion: 2\n"),
            .file("opt/METADATA", "Name: no\nVersion: 1\n"), .file("opt/PKG-INFO", "Name: no\nVersion: 1\n"),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:pypi/flask@3.0.0", "pkg:pypi/egg@3", "pkg:pypi/old@1", "pkg:pypi/older@2",
                "pkg:pypi/ruamel-yaml@0.18",
            ])
        #expect(inventory.packages.first?.name == "Flask")
        #expect(inventory.packages.first?.licenses == ["BSD"])
        #expect(inventory.packages.first?.location == "\(Self.site)/Flask-3.0.0.dist-info/METADATA")
        #expect(inventory.undetermined == [])
    }

    @Test("a package belongs to the topmost layer that has its file, and goes with it")
    func layers() async throws {
        let file = TarFixture.Item.file("\(Self.site)/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
        let other = TarFixture.Item.file("\(Self.site)/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n")
        #expect(try await Scanning.list(Scanning.inventory([file, other], [file])) == ["a 1@1", "b 1@0"])
        #expect(
            try await Scanning.list(Scanning.inventory([file, other], [.whiteout("\(Self.site)/a-1.dist-info")])) == [
                "b 1@0"
            ])
        #expect(try await Scanning.list(Scanning.inventory([file], [.file("usr/lib/python3.11", "a file now")])) == [])
    }

    @Test("metadata behind a link is read where it lies", arguments: [false, true])
    func links(_ isHard: Bool) async throws {
        let path = "\(Self.site)/a-1.dist-info/METADATA"
        let link = isHard ? TarFixture.Item.hardLink(path, "store/0123") : .symlink(path, "/store/0123")
        let inventory = try await Scanning.inventory([.file("store/0123", "Name: a\nVersion: 1\n")], [link])
        #expect(inventory.packages.map(\.location) == [path])
        #expect(inventory.undetermined == [])
    }

    @Test("what a Debian package brought is its own, what pip installed is not")
    func ownedByDpkg() async throws {
        let folder = "usr/lib/python3/dist-packages"
        let list =
            "/.\n/usr\n/\(folder)/PyYAML-6.0.egg-info\n/\(folder)/PyYAML-6.0.egg-info/PKG-INFO\n"
            + "/\(folder)/yaml/__init__.py\n/\(folder)/six-1.egg-info\n"
        let inventory = try await Scanning.inventory(
            [
                .file("var/lib/dpkg/status", Scanning.dpkg(("python3-yaml", "6.0-3"), ("base-files", "12"))),
                .file("var/lib/dpkg/info/python3-yaml:amd64.list", list),
                .file("var/lib/dpkg/info/base-files.list", "/.\n/etc\n"),
                .file("var/lib/dpkg/info/gone.list", "/\(folder)/left-1.egg-info\n"),
                .file("\(folder)/PyYAML-6.0.egg-info/PKG-INFO", "Name: PyYAML\nVersion: 6.0\n"),
                .file("\(folder)/six-1.egg-info", "Name: six\nVersion: 1\n"),
                .file("\(folder)/left-1.egg-info", "Name: left\nVersion: 1\n"),
            ], [.file("usr/local/\(folder)/PyYAML-6.0.dist-info/METADATA", "Name: PyYAML\nVersion: 6.0\n")])
        let owners = inventory.packages.filter { $0.type == .pypi }.map { "\($0.location): \($0.owner ?? "-")" }
        #expect(
            owners == [
                "\(folder)/PyYAML-6.0.egg-info/PKG-INFO: python3-yaml",
                "usr/local/\(folder)/PyYAML-6.0.dist-info/METADATA: -", "\(folder)/left-1.egg-info: -",
                "\(folder)/six-1.egg-info: python3-yaml",
            ])
        #expect(inventory.undetermined == [])
    }

    @Test("what an Alpine package brought is its own")
    func ownedByApk() async throws {
        let database =
            "P:py3-six\nV:1-r0\nF:\(Self.site)/six-1.dist-info\nR:METADATA\nR:RECORD\nF:\(Self.site)\nR:six.py\n"
            + "R:old-1.egg-info\n\n"
        let inventory = try await Scanning.inventory([
            .file("lib/apk/db/installed", database),
            .file("\(Self.site)/six-1.dist-info/METADATA", "Name: six\nVersion: 1\n"),
            .file("\(Self.site)/old-1.egg-info", "Name: old\nVersion: 1\n"),
            .file("\(Self.site)/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"),
        ])
        #expect(
            inventory.packages.map { "\($0.name): \($0.owner ?? "-")" } == [
                "py3-six: -", "a: -", "old: py3-six", "six: py3-six",
            ])
    }

    @Test("a list behind a link is read where it lies")
    func linkedList() async throws {
        let site = "usr/lib/python3/dist-packages"
        let inventory = try await Scanning.inventory([
            .file("var/lib/dpkg/status", Scanning.dpkg(("one", "1"))),
            .file("var/lib/dpkg/info/a.list", "/etc\n"),
            .hardLink("var/lib/dpkg/info/one.list", "var/lib/dpkg/info/a.list"),
            .file("\(site)/six-1.egg-info", "Name: six\nVersion: 1\n"),
        ])
        #expect(inventory.packages.count == 2)
        #expect(inventory.undetermined == [])
    }

    @Test("damaged metadata is told", arguments: ["", "Version: 1\n", "Name: a\n", "\nName: a\nVersion: 1\n"])
    func damage(_ text: String) async throws {
        let path = "\(Self.site)/a-1.dist-info/METADATA"
        let inventory = try await Scanning.inventory([.file(path, text)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.map(\.what) == [path])
    }

    @Test(
        "names are normalised as PEP 503 says",
        arguments: [
            ("Flask", "flask"), ("ruamel.yaml", "ruamel-yaml"), ("a__b", "a-b"), ("A.-_B", "a-b"),
            ("zope.interface", "zope-interface"),
        ])
    func names(_ name: String, _ normalised: String) { #expect(PythonParser.normalised(name) == normalised) }

    @Test("any bytes are an error or a package, never a crash")
    func noise() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                Array("Name:Vrsion \n\r\t1.\u{0}".utf8).randomElement(using: &generator) ?? 0
            }
            _ = bytes.withUnsafeBytes { raw in try? PythonParser.package(raw) }
            _ = bytes.withUnsafeBytes { raw in try? ApkParser.packages(raw) }
            _ = bytes.withUnsafeBytes { raw in try? DpkgParser.packages(raw, statusIsImplied: true) }
        }
    }
}
