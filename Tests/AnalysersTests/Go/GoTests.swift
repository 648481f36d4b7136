import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Go")
struct GoTests {
    private static let modules = """
        path\texample.com/shop/cmd/shop
        mod\texample.com/shop\t(devel)
        dep\tgithub.com/google/uuid\tv1.6.0\th1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=
        dep\tgolang.org/x/net\tv0.17.0\th1:pVaXccu2ozPjCXewfr1S7xza/zcXTity9cCdXQYSjIM=
        =>\tgolang.org/x/net\tv0.23.0\th1:7EYJ93RZ9vYSZAIb2x3lnuvqO5zneoD6IvWjuhfxjTs=
        dep\texample.com/local\tv0.0.0
        =>\t../local\t
        build\t-compiler=gc

        """
    private static let expected = [
        "example.com/local (devel)", "example.com/shop (devel)", "github.com/google/uuid v1.6.0",
        "golang.org/x/net v0.23.0", "stdlib go1.22.1",
    ]

    /// A program of 16 bytes' steps: some of them, the build information, more.
    private static func program(
        _ modules: String = modules, version: String = "go1.22.1", flags: UInt8 = 2, before: Int = 4096
    ) -> [UInt8] {
        func text(_ bytes: [UInt8]) -> [UInt8] {
            var length = bytes.count
            var coded: [UInt8] = []
            repeat {
                coded.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
                length >>= 7
            } while length > 0
            return coded + bytes
        }
        let frame = [UInt8](repeating: 0x30, count: 16)
        let info = [0xFF] + Array(" Go buildinf:".utf8) + [8, flags] + [UInt8](repeating: 0, count: 16)
        let body = text(Array(version.utf8)) + text(modules.isEmpty ? [] : frame + Array(modules.utf8) + frame)
        let start = [0x7F] + Array("ELF".utf8) + [UInt8](repeating: 1, count: before - 4)
        return start + info + body + [UInt8](repeating: 2, count: 1000)
    }

    private static func read(_ bytes: [UInt8], pieces: [Int]) throws -> FileFindings {
        let reading = GoProgramReading(try #require(EntryPath("app")))
        var start = 0
        for size in pieces {
            let end = min(start + size, bytes.count)
            let wantsMore = bytes[start..<end].withUnsafeBytes { reading.take($0) }
            start = end
            if !wantsMore || start == bytes.count { break }
        }
        return try reading.finish()
    }

    private static func file(_ path: String, _ bytes: [UInt8]) -> TarFixture.Item {
        .file(Array(path.utf8), content: bytes, mode: 0o755)
    }

    @Test("modules, replaced ones, the main module and the standard library")
    func packages() async throws {
        let inventory = try await Scanning.inventory([Self.file("usr/local/bin/shop", Self.program())])
        #expect(inventory.packages.map { "\($0.name) \($0.version)" } == Self.expected)
        #expect(inventory.packages[3].purl == "pkg:golang/golang.org/x/net@v0.23.0")
        #expect(inventory.packages[3].location == "usr/local/bin/shop")
        #expect(inventory.undetermined == [])
    }

    @Test("a program that comes in pieces of any size is read as a whole one")
    func pieces() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let before = 16 * Int.random(in: 1...300, using: &generator)
            var bytes = Self.program(before: before)
            if Bool.random(using: &generator) {
                // A program that knows the mark without being told by it.
                bytes.replaceSubrange(16..<16, with: [0xFF] + Array(" Go buildinf:".utf8) + [0x20, 0x65])
            }
            let pieces = (0..<bytes.count).map { _ in Int.random(in: 1...200, using: &generator) }
            let found = try Self.read(bytes, pieces: pieces).packages
            #expect(found.map { "\($0.name) \($0.version)" }.sorted() == Self.expected, "seed \(seed)")
        }
    }

    private static let damaged: [(bytes: [UInt8], reason: String)] = {
        let packed = Array(program(before: 1024)[..<180]) + Array("UPX!".utf8) + Array(program()[..<2000])
        return [
            (program(flags: 0), "it was built with Go before 1.18, whose modules are not read"),
            (Array(program().prefix(4096 + 100)), "its build information is cut off"),
            (program("dep\t\tv1\n" + modules), "a module of its build information has no path"),
            (program("=>\ta\tv1\n" + modules), "a replacement of its build information replaces nothing"),
            (packed, "it is packed with UPX: what it is made of cannot be read"),
        ]
    }()

    @Test("what cannot be read says why", arguments: damaged)
    func damage(_ bytes: [UInt8], _ reason: String) async throws {
        let inventory = try await Scanning.inventory([Self.file("app", bytes)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined == [Undetermined(what: "app", reason: reason)])
    }

    @Test("a packed program is told as such, however its first bytes come")
    func packedInPieces() throws {
        var bytes = Self.program(before: 64)
        bytes.replaceSubrange(1000..<1004, with: Array("UPX!".utf8))
        for size in [13, 400, bytes.count] {
            let found = try Self.read(bytes, pieces: Array(repeating: size, count: bytes.count / size + 1))
            #expect(found.packages == [], "pieces of \(size)")
            #expect(found.undetermined.map(\.what) == ["app"], "pieces of \(size)")
        }
    }

    @Test("a length without end, and other programs, are nothing and cost nothing")
    func others() throws {
        var endless = Self.program(before: 64)
        endless.replaceSubrange(96..<106, with: [UInt8](repeating: 0xFF, count: 10))
        for bytes in [endless, [0x7F] + Array("ELF".utf8), Array(repeating: 0xFF, count: 100_000)] {
            #expect(try Self.read(bytes, pieces: [bytes.count]).packages == [])
        }
    }

    @Test("the topmost layer that has a program counts, and a link keeps it when its first name is gone")
    func layers() async throws {
        let program = Self.file("usr/bin/a", Self.program("", version: "go1.22.1"))
        let newer = Self.file("usr/bin/a", Self.program("", version: "go1.22.2"))
        #expect(Scanning.list(try await Scanning.inventory([program], [newer])) == ["stdlib go1.22.2@1"])
        #expect(try await Scanning.inventory([program], [.whiteout("usr/bin/a")]).packages == [])
        let linked = try await Scanning.inventory(
            [program, .hardLink("usr/bin/b", "usr/bin/a")], [.whiteout("usr/bin/a")])
        #expect(linked.packages.map(\.location) == ["usr/bin/b"])
        let replaced = try await Scanning.inventory([program, .file("usr/bin/a", "#!/bin/sh\n# nothing of the kind\n")])
        #expect(replaced.packages == [])
    }

    @Test("the same list as go's", .enabled(if: Program.path(of: "go") != nil, "go is not installed"))
    func tool() async throws {
        let go = try #require(Program.path(of: "go"))
        try await Scanning.withFolder { folder in
            let files = [
                "app/go.mod": """
                module example.com/app
                go 1.18
                require example.com/dep v1.2.3
                replace example.com/dep => ../dep
                """,
                "app/main.go": "package main\nimport \"example.com/dep\"\nfunc main() { dep.Do() }\n",
                "dep/go.mod": "module example.com/dep\ngo 1.18\n",
                "dep/dep.go": "package dep\nfunc Do() { println(1) }\n",
            ]
            for (path, text) in files {
                let file = folder.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            for flags in ["", "-s -w"] {
                let environment = try #require(Program.path(of: "env"))
                try Program.run(
                    environment,
                    [
                        "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0",
                        "GOCACHE=\(folder.path)/cache", "GOPATH=\(folder.path)/path", go.path, "build", "-ldflags",
                        flags, "-o", folder.path + "/program", ".",
                    ], in: folder.appending(path: "app"))
                let bytes = Array(try Data(contentsOf: folder.appending(path: "program")))
                let output = try Program.output(of: go, ["version", "-m", folder.path + "/program"])
                let version = try #require(output.split(separator: "\n").first?.split(separator: " ").last)
                let found = try await Scanning.inventory([Self.file("program", bytes)]).packages
                #expect(
                    found.map { "\($0.name) \($0.version)" } == [
                        "example.com/app (devel)", "example.com/dep (devel)", "stdlib \(version)",
                    ], "\(output)")
            }
        }
    }
}
