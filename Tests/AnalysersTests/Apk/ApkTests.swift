import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("apk")
struct ApkTests {
    private static let release = "ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME=\"Alpine Linux v3.19\"\n"
    private static let database = """
        C:Q1abc=
        P:libcrypto3
        V:3.1.4-r5
        A:x86_64
        o:openssl
        L:Apache-2.0
        F:lib
        R:libcrypto.so.3
        Z:Q1def=

        P:busybox
        V:1.36.1-r15
        A:x86_64
        """

    private static func parse(_ text: String) throws -> [FoundPackage] {
        try Array(text.utf8).withUnsafeBytes { try ApkParser.packages($0) }
    }

    @Test(
        "packages with origin and purl, in both places and through a linked lib",
        arguments: [
            [TarFixture.Item.file("lib/apk/db/installed", database)], [.file("usr/lib/apk/db/installed", database)],
            [.symlink("lib", "usr/lib"), .file("usr/lib/apk/db/installed", database)],
        ])
    func packages(_ items: [TarFixture.Item]) async throws {
        let inventory = try await Scanning.inventory(items + [.file("etc/os-release", Self.release)])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:apk/alpine/busybox@1.36.1-r15?arch=x86_64&distro=alpine-3.19.1",
                "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=alpine-3.19.1",
            ])
        #expect(inventory.packages.map(\.source?.name) == ["busybox", "openssl"])
        #expect(inventory.packages.map(\.licenses) == [[], ["Apache-2.0"]])
        #expect(inventory.undetermined == [])
    }

    @Test("damage is an error", arguments: ["P:a\n", "V:1\n", "nonsense\n", "P:a\nV:1\nx\n", "\0\0\0"])
    func damage(_ text: String) {
        #expect(throws: AnalysisError.self) { try Self.parse(text) }
    }

    @Test("a path longer than any file's is damage: files repeat their folder's without writing it again")
    func longPaths() throws {
        let folder = String(repeating: "f", count: 4070)
        let short = "P:a\nV:1\nF:\(folder)\nR:METADATA\n"
        #expect(try Array(short.utf8).withUnsafeBytes { try ApkParser.read($0) }.owned.count == 1)
        let long = "P:a\nV:1\nF:\(folder)\(folder)\nR:METADATA\n"
        #expect(throws: AnalysisError("it names a file whose path is over the limit fieldBytesMax = 4096")) {
            try Self.parse(long)
        }
    }

    @Test("what was written is read, in any order of fields")
    func property() throws {
        for seed in UInt64(1)...100 {
            var generator = SeededGenerator(seed: seed)
            var expected: [String] = []
            let text = (0..<Int.random(in: 0...30, using: &generator)).map { number in
                expected.append("p\(number) \(number).1-r0")
                return ["P:p\(number)", "V:\(number).1-r0", "T:text: with P:colon", "D:so:libc.musl-x86_64.so.1"]
                    .shuffled(using: &generator).joined(separator: "\n")
                    + "\nF:etc\nM:0:0:755\nR:passwd\na:0:0:644\n"
            }.joined(separator: "\n")
            #expect(try Self.parse(text).map { "\($0.name) \($0.version)" } == expected, "seed \(seed)")
        }
    }
}
