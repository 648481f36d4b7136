import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Node.js")
struct NodeTests {
    private static func json(_ name: String, _ version: String, more: String = "") -> String {
        #"{"name": "\#(name)", "version": "\#(version)"\#(more)}"#
    }

    @Test("installed packages, of a scope, nested, bundled, and in the store of pnpm")
    func packages() async throws {
        let inventory = try await Scanning.inventory([
            .file("app/package.json", Self.json("app", "0.0.1")),
            .file(
                "app/node_modules/left-pad/package.json", Self.json("left-pad", "1.3.0", more: #", "license": "WTFPL""#)
            ),
            .file("app/node_modules/@babel/core/package.json", Self.json("@babel/core", "7.23.0")),
            .file("app/node_modules/@babel/core/node_modules/semver/package.json", Self.json("semver", "6.3.1")),
            .file("app/node_modules/@babel/core/dist/esm/package.json", #"{"type": "module"}"#),
            .file("app/node_modules/left-pad/test/fixtures/package.json", "broken on purpose"),
            .file("app/node_modules/stub/package.json", #"{"main": "x.js"}"#),
            .file("app/node_modules/alias/package.json", Self.json("real-name", "2.0.0")),
            .file("srv/node_modules/.pnpm/ms@2.1.3/node_modules/ms/package.json", Self.json("ms", "2.1.3")),
            .symlink("srv/node_modules/ms", ".pnpm/ms@2.1.3/node_modules/ms"),
            .file("srv/node_modules/.cache/package.json", Self.json("cache", "1.0.0")),
            .file("usr/lib/node_modules/npm/package.json", Self.json("npm", "10.2.0")),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:npm/%40babel/core@7.23.0", "pkg:npm/left-pad@1.3.0", "pkg:npm/ms@2.1.3", "pkg:npm/npm@10.2.0",
                "pkg:npm/real-name@2.0.0", "pkg:npm/semver@6.3.1",
            ])
        #expect(inventory.packages[1].licenses == ["WTFPL"])
        #expect(inventory.undetermined == [])
    }

    @Test(
        "licences in each form",
        arguments: [
            (#""license": "MIT""#, ["MIT"]), (#""license": {"type": "ISC", "url": "x"}"#, ["ISC"]),
            (#""licenses": [{"type": "MIT"}, "GPL-2.0"]"#, ["MIT", "GPL-2.0"]), (#""license": 7"#, []),
            (#""license": ["MIT", ["GPL-2.0"], 7]"#, ["MIT"]),
            // Took seconds.
            (
                #""license": "# + String(repeating: "[", count: 500) + #""MIT""# + String(repeating: "]", count: 500),
                []
            ),
        ])
    func licenses(_ field: String, _ expected: [String]) async throws {
        let text = Self.json("a", "1.0.0", more: ", " + field)
        let inventory = try await Scanning.inventory([.file("node_modules/a/package.json", text)])
        #expect(inventory.packages.map(\.licenses) == [expected])
    }

    @Test(
        "what is damaged is told",
        arguments: ["", "{", "[]", #"{"name": 1, "version": "1"}"#, String(repeating: "[", count: 100_000)])
    func damage(_ text: String) async throws {
        let inventory = try await Scanning.inventory([.file("node_modules/a/package.json", text)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.map(\.what) == ["node_modules/a/package.json"])
    }

    @Test("a package that a distribution's package brought names it")
    func owned() async throws {
        let status = "Package: npm\nStatus: install ok installed\nArchitecture: all\nVersion: 9.2.0-1\n"
        let inventory = try await Scanning.inventory([
            .file("etc/os-release", Scanning.osRelease), .file("var/lib/dpkg/status", status),
            .file("var/lib/dpkg/info/npm.list", "/.\n/usr/lib/node_modules/npm/package.json\n"),
            .file("usr/lib/node_modules/npm/package.json", Self.json("npm", "9.2.0")),
        ])
        #expect(inventory.packages.first { $0.type == .npm }?.owner == "npm")
    }

    @Test("the same list as npm's", .enabled(if: Program.path(of: "npm") != nil, "npm is not installed"))
    func tool() async throws {
        let npm = try #require(Program.path(of: "npm"))
        try await Scanning.withFolder { folder in
            var items: [TarFixture.Item] = []
            func put(_ path: String, _ text: String) throws {
                let file = folder.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
                items.append(.file("app/" + path, text))
            }
            let needs = #", "dependencies": {"a": "*", "@s/b": "*", "c": "npm:d@*"}"#
            try put("package.json", Self.json("app", "1.0.0", more: needs))
            try put("node_modules/a/package.json", Self.json("a", "1.0.0", more: #", "dependencies": {"e": "^2.0.0"}"#))
            try put("node_modules/a/node_modules/e/package.json", Self.json("e", "2.5.0"))
            try put("node_modules/a/lib/package.json", #"{"type": "commonjs"}"#)
            try put("node_modules/@s/b/package.json", Self.json("@s/b", "0.1.0-beta.1"))
            try put("node_modules/c/package.json", Self.json("d", "3.0.0"))
            let output = try Program.output(of: npm, ["ls", "--all", "--parseable", "--long", "--offline"], in: folder)
            // A line is `folder:name@version`, and of an alias `folder:its name@npm:name@version`.
            let listed = output.split(separator: "\n").compactMap { $0.split(separator: ":").last.map(String.init) }
            let found = try await Scanning.inventory(items).packages.map { "\($0.name)@\($0.version)" }
            #expect(Set(found + ["app@1.0.0"]) == Set(listed), "\(output)")
        }
    }

    // MARK: Lock files

    private static func locked(_ file: String, _ text: String) async throws -> [String] {
        let inventory = try await Scanning.inventory([
            .file("app/" + file, text),
            .file("usr/lib/python3/dist-packages/seen-1.dist-info/METADATA", "Name: seen\nVersion: 1\n"),
        ])
        let claimed = inventory.packages.filter { $0.type == .npm }
        #expect(claimed.allSatisfy { $0.claim == .lockFile })
        return claimed.map { "\($0.name) \($0.version)" } + inventory.undetermined.map(\.reason)
    }

    @Test(
        "lock files of npm, without what serves development only",
        arguments: [
            """
            {"lockfileVersion": 3, "packages": {
              "": {"name": "app", "version": "1.0.0"}, "packages/own": {"version": "1.0.0"},
              "node_modules/own": {"link": true, "resolved": "packages/own"},
              "node_modules/@a/b": {"version": "1.2.3"}, "node_modules/@a/b/node_modules/c": {"version": "2.0.0"},
              "node_modules/alias": {"name": "real", "version": "3.0.0"},
              "node_modules/jest": {"version": "29.0.0", "dev": true},
              "node_modules/git": {"version": "git+ssh://git@github.com/a/b.git#abc"}}}
            """,
            """
            {"lockfileVersion": 1, "dependencies": {
              "@a/b": {"version": "1.2.3", "dependencies": {"c": {"version": "2.0.0"}}},
              "alias": {"version": "npm:real@3.0.0"}, "jest": {"version": "29.0.0", "dev": true},
              "git": {"version": "git+ssh://git@github.com/a/b.git#abc"}}}
            """,
        ])
    func npmLock(_ text: String) async throws {
        #expect(try await Self.locked("package-lock.json", text) == ["@a/b 1.2.3", "c 2.0.0", "real 3.0.0"])
        #expect(try await Self.locked("npm-shrinkwrap.json", text) == ["@a/b 1.2.3", "c 2.0.0", "real 3.0.0"])
    }

    @Test(
        "lock files of Yarn, of the first and of later ones",
        arguments: [
            """
            # yarn lockfile v1


            "@a/b@^1.0.0", "@a/b@^1.2.0":
              version "1.2.3"
              resolved "https://registry.yarnpkg.com/@a/b/-/b-1.2.3.tgz#abc"
              dependencies:
                version "9.9.9"

            alias@npm:real@^3:
              version "3.0.0"

            c@2:
              version "2.0.0"
            """,
            """
            __metadata:
              version: 8

            "@a/b@npm:^1.0.0, @a/b@npm:^1.2.0":
              version: 1.2.3
              resolution: "@a/b@npm:1.2.3"
              dependencies:
                c: "npm:2"
              languageName: node

            "alias@npm:real@^3":
              version: 3.0.0
              resolution: "real@npm:3.0.0"

            "app@workspace:.":
              version: 0.0.0-use.local
              resolution: "app@workspace:."

            "c@patch:c@npm%3A2.0.0#~/.yarn/patches/c.patch":
              version: 2.0.0
              resolution: "c@patch:c@npm%3A2.0.0#~/.yarn/patches/c.patch::version=2.0.0&hash=1"
            """,
        ])
    func yarnLock(_ text: String) async throws {
        #expect(try await Self.locked("yarn.lock", text) == ["@a/b 1.2.3", "c 2.0.0", "real 3.0.0"])
    }

    @Test(
        "lock files of pnpm 5, 6 and 9",
        arguments: [
            """
            lockfileVersion: 5.4
            dependencies:
              x: 9.9.9
            packages:

              /@a/b/1.2.3_c@2.0.0:
                resolution: {integrity: sha512-x}
                dev: false

              /c/2.0.0:
                resolution: {integrity: sha512-x}

              /jest/29.0.0:
                dev: true
            """,
            """
            lockfileVersion: '6.0'
            packages:
              /@a/b@1.2.3(c@2.0.0):
                dev: false
              /@a/b@1.2.3(d@2.0.0):
                dev: true
              /c@2.0.0:
                resolution: {integrity: sha512-x}
              /jest@29.0.0:
                dev: true
              file:../own:
                resolution: {directory: ../own, type: directory}
            """,
            """
            lockfileVersion: '9.0'

            importers:
              .:
                dependencies:
                  x:
                    version: 9.9.9

            packages:

              '@a/b@1.2.3':
                resolution: {integrity: sha512-x}

              c@2.0.0:
                resolution: {integrity: sha512-x}

            snapshots:

              d@1.0.0: {}
            """,
        ])
    func pnpmLock(_ text: String) async throws {
        #expect(try await Self.locked("pnpm-lock.yaml", text) == ["@a/b 1.2.3", "c 2.0.0"])
    }

    @Test("a lock file counts only where nothing is installed beside it")
    func lockBesideInstalled() async throws {
        let lock = #"{"packages": {"node_modules/ms": {"version": "2.0.0"}}}"#
        let inventory = try await Scanning.inventory([
            .file("usr/lib/node_modules/npm/package.json", Self.json("npm", "10.2.0")),
            .file("a/package-lock.json", lock), .file("a/node_modules/x/package.json", Self.json("x", "1.0.0")),
            .file("ab/package-lock.json", lock),
        ])
        #expect(
            inventory.packages.map { "\($0.name) \($0.location)" } == [
                "ms ab/package-lock.json", "npm usr/lib/node_modules/npm/package.json",
                "x a/node_modules/x/package.json",
            ])
    }

    @Test(
        "damaged lock files are told",
        arguments: [
            ("package-lock.json", "[]", "the document has another type"),
            ("yarn.lock", "x", "line 1 is no entry of a lock file"),
            ("pnpm-lock.yaml", "x: 1", "it has no lockfileVersion"),
        ])
    func damagedLock(_ file: String, _ text: String, _ reason: String) async throws {
        #expect(try await Self.locked(file, text).first == reason)
    }
}
