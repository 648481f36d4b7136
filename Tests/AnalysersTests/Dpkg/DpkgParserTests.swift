import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("dpkg")
struct DpkgParserTests {
    private static func parse(_ text: String, pieces: Bool = false) throws -> [FoundPackage] {
        try Array(text.utf8).withUnsafeBytes { try DpkgParser.packages($0, statusIsImplied: pieces) }
    }

    @Test(
        "the third word of the status decides",
        arguments: [
            ("install ok installed", true), ("hold ok installed", true), ("deinstall ok config-files", false),
            ("purge ok not-installed", false),
            ("install ok half-configured", true), ("install reinstreq half-installed", true),
            ("install ok unpacked", true),
            ("install ok triggers-pending", true), ("install ok triggers-awaited", true),
        ])
    func states(_ status: String, _ isInstalled: Bool) throws {
        #expect(try Self.parse("Package: a\nStatus: \(status)\nVersion: 1\n").count == (isInstalled ? 1 : 0))
    }

    @Test(
        "the source is the stated one, else the package itself",
        arguments: [
            ("", "a", "1+b1"), ("Source: src\n", "src", "1+b1"), ("Source: src (1)\n", "src", "1"),
            ("Source:  src  ( 2:3-4 )\n", "src", " 2:3-4 "),
        ])
    func sources(_ line: String, _ name: String, _ version: String) throws {
        let package = try #require(
            try Self.parse("Package: a\nStatus: install ok installed\nVersion: 1+b1\n\(line)").first)
        #expect(package.source == Package.Source(name: name, version: version.trimmingCharacters(in: .whitespaces)))
    }

    @Test("one name with two architectures is two packages")
    func multiarch() throws {
        let text = ["amd64", "i386"].map {
            "Package: libc6\nStatus: install ok installed\nArchitecture: \($0)\nVersion: 1\n"
        }.joined(separator: "\n")
        #expect(try Self.parse(text).map(\.architecture) == ["amd64", "i386"])
    }

    @Test("field names in any case, carriage returns, and an end without a newline")
    func forms() throws {
        #expect(try Self.parse("package: a\r\nSTATUS: install ok installed\r\nversion: 1").map(\.version) == ["1"])
    }

    @Test(
        "damage is an error that names the place",
        arguments: [
            "Package: a\nStatus: install ok\nVersion: 1\n", "Package: a\nStatus: install ok broken\nVersion: 1\n",
            "Status: install ok installed\nVersion: 1\n", "Package: a\nStatus: install ok installed\n", " continued\n",
            "x\n",
        ])
    func damage(_ text: String) {
        #expect(throws: AnalysisError.self) { try Self.parse(text) }
    }

    @Test("what was written is read, whatever stands between")
    func property() throws {
        for seed in UInt64(1)...100 {
            var generator = SeededGenerator(seed: seed)
            var expected: [String] = []
            var text = ""
            for number in 0..<Int.random(in: 0...30, using: &generator) {
                let isInstalled = Bool.random(using: &generator)
                let version =
                    "\(Int.random(in: 0...99, using: &generator)).\(Int.random(in: 0...9, using: &generator))~rc1-\(number)"
                var fields = [
                    "Version: \(version)",
                    "Status: \(isInstalled ? "install ok installed" : "deinstall ok config-files")",
                    "Package: p\(number)",
                ]
                if Bool.random(using: &generator) {
                    fields.append("Description: Version: 9\n Package: fake\n .\n \tStatus: x")
                }
                if Bool.random(using: &generator) { fields.append("Conffiles:\n /etc/x 0123 obsolete") }
                text +=
                    fields.shuffled(using: &generator).joined(separator: "\n") + "\n"
                    + String(repeating: "\n", count: Int.random(in: 1...3, using: &generator))
                if isInstalled { expected.append("p\(number) \(version)") }
            }
            #expect(try Self.parse(text).map { "\($0.name) \($0.version)" } == expected, "seed \(seed)")
        }
    }

    @Test("the same list as dpkg-query on this machine, where there is one")
    func differential() throws {
        guard let program = Program.path(of: "dpkg-query"),
            let data = FileManager.default.contents(atPath: "/var/lib/dpkg/status"), !data.isEmpty
        else {
            print("skipped: no dpkg-query or no database on this machine")
            return
        }
        let process = Process()
        process.executableURL = program
        process.arguments = [
            "-W", "-f",
            "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let expected = output.split(separator: "\n").filter {
            !$0.hasPrefix("config-files") && !$0.hasPrefix("not-installed")
        }
        .map { $0.split(separator: "\t", omittingEmptySubsequences: false).dropFirst().joined(separator: " ") }
        let found = try data.withUnsafeBytes { try DpkgParser.packages($0, statusIsImplied: false) }
            .map {
                "\($0.name) \($0.version) \($0.architecture ?? "") \($0.source?.name ?? "") \($0.source?.version ?? "")"
            }
        #expect(found.sorted() == expected.sorted())
        #expect(!found.isEmpty)
    }

    @Test("licences come from the copyright file, in both of its forms, also behind a linked folder")
    func licenses() async throws {
        let readable = """
            Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
            Upstream-Name: a

            Files: *
            License: Expat or GPL-2+
             The text, see /usr/share/common-licenses/GPL-2.

            License: Apache-2.0
             More text.
            """
        let prose =
            "On Debian the text is in /usr/share/common-licenses/LGPL-2.1.\nSee also /usr/share/common-licenses/GPL"
        let inventory = try await Scanning.inventory([
            .file("var/lib/dpkg/status", Scanning.dpkg(("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"))),
            .file("usr/share/doc/a/copyright", readable), .file("usr/share/doc/b/copyright", prose),
            .symlink("usr/share/doc/c", "a"),
        ])
        #expect(
            inventory.packages.map(\.licenses) == [
                ["Apache-2.0", "Expat or GPL-2+"], ["GPL", "LGPL-2.1"], ["Apache-2.0", "Expat or GPL-2+"], [],
            ])
    }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
