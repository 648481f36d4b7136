import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Java")
struct JavaTests {
    typealias Member = ZipFixture.Member

    private static func properties(
        _ group: String, _ artifact: String, _ version: String, _ form: ZipFixture.Form = .deflated
    )
        -> Member
    {
        Member(
            "META-INF/maven/\(group)/\(artifact)/pom.properties",
            "#Created by Apache Maven\ngroupId=\(group)\nartifactId = \(artifact)\r\nversion:\(version)\n", form)
    }

    private static func manifest(_ lines: String..., form: ZipFixture.Form = .streamed) -> Member {
        Member("META-INF/MANIFEST.MF", (["Manifest-Version: 1.0"] + lines).joined(separator: "\r\n") + "\r\n\r\n", form)
    }

    private static let lang = ZipFixture.archive([
        manifest("Implementation-Title: Apache Commons Lang"),
        properties("org.apache.commons", "commons-lang3", "3.12.0"),
        Member("org/apache/commons/lang3/A.class", "code"),
    ])

    private static func file(_ path: String, _ bytes: [UInt8]) -> TarFixture.Item {
        .file(Array(path.utf8), content: bytes, mode: 0o644)
    }

    private static func found(_ path: String, _ bytes: [UInt8]) async throws -> [String] {
        let inventory = try await Scanning.inventory([file(path, bytes)])
        #expect(inventory.undetermined.map(\.what) == (inventory.packages.isEmpty ? ["packages"] : []))
        return inventory.packages.map { "\($0.name) \($0.version)" }
    }

    @Test("what Maven put in, whatever form the members have", arguments: ZipFixture.Form.allCases)
    func maven(_ form: ZipFixture.Form) async throws {
        let archive = ZipFixture.archive([
            Member("a.txt", String(repeating: "text ", count: 50_000), form), Self.manifest(form: form),
            Self.properties("org.example", "shop", "1.2", form), Member("empty", "", form),
        ])
        #expect(try await Self.found("opt/shop-1.2.jar", archive) == ["org.example:shop 1.2"])
    }

    @Test("a group that Maven does not state is a guess")
    func guess() async throws {
        let stated = ZipFixture.archive([Self.properties("org.example", "shop", "1.2")])
        let guessed = ZipFixture.archive([
            Member("META-INF/MANIFEST.MF", "Bundle-SymbolicName: com.google.gson\nBundle-Version: 2.2.4\n")
        ])
        let packages = try await Scanning.inventory([
            Self.file("opt/gson-2.2.4.jar", guessed), Self.file("opt/shop-1.2.jar", stated),
        ]).packages
        #expect(packages.map(\.name) == ["com.google:gson", "org.example:shop"])
        #expect(packages.map(\.isNameGuessed) == [true, nil])
    }

    @Test("archives in archives, each told where it lies")
    func nested() async throws {
        let war = ZipFixture.archive([
            Self.properties("org.example", "shop", "1"),
            Member("WEB-INF/lib/commons-lang3-3.12.0.jar", Self.lang, .stored),
            Member("WEB-INF/lib/again.jar", Self.lang, .streamed),
        ])
        let ear = ZipFixture.archive([Member("shop.war", war, .deflated)])
        let packages = try await Scanning.inventory([Self.file("opt/all.ear", ear)]).packages
        #expect(
            packages.map(\.location) == [
                "opt/all.ear!/shop.war!/WEB-INF/lib/again.jar",
                "opt/all.ear!/shop.war!/WEB-INF/lib/commons-lang3-3.12.0.jar", "opt/all.ear!/shop.war",
            ])
        #expect(packages[0].purl == "pkg:maven/org.apache.commons/commons-lang3@3.12.0")
        #expect(
            packages.map(\.name) == [
                "org.apache.commons:commons-lang3", "org.apache.commons:commons-lang3", "org.example:shop",
            ])
    }

    private static let identities: [(file: String, members: [Member], expected: [String])] = [
        (
            "spring-core-5.3.20.jar",
            [
                manifest("Implementation-Title: spring-core", "Implementation-Version: 5.3.20"),
                Member("org/springframework/core/A.class", ""), Member("org/springframework/asm/B.class", ""),
            ],
            ["org.springframework:spring-core 5.3.20"]
        ),
        ("log4j-1.2-api-2.17.1.jar", [], ["log4j-1.2-api 2.17.1"]),
        (
            "netty-epoll-4.1.94.Final-linux-x86_64.jar", [manifest("Bundle-Version: 4.1.94.Final")],
            ["netty-epoll 4.1.94.Final"]
        ),
        ("snapshot-1.0-20230101.120000-1.jar", [], ["snapshot 1.0-20230101.120000-1"]),
        (
            "lib.jar",
            [manifest("Bundle-SymbolicName: org.example.my-", " lib;singleton:=true", "Bundle-Version: 2.0")],
            ["org.example:my-lib 2.0"]
        ),
        (
            "my-lib-2.0.jar", [manifest("Bundle-SymbolicName: org.example.my-", " lib;singleton:=true")],
            ["org.example:my-lib 2.0"]
        ),
        // Shaded: what is in it, and itself.
        (
            "all-3.0.jar",
            [
                manifest("Implementation-Vendor-Id: org.example"), properties("com.google.guava", "guava", "31.1-jre"),
                properties("org.slf4j", "slf4j-api", "1.7"),
            ],
            ["com.google.guava:guava 31.1-jre", "org.example:all 3.0", "org.slf4j:slf4j-api 1.7"]
        ),
        ("renamed.jar", [properties("com.google.guava", "guava", "31.1-jre")], ["com.google.guava:guava 31.1-jre"]),
        (
            "odd-1.jar",
            [Member("META-INF/maven/a/b/pom.properties", "version=${project.version}\nartifactId=b\ngroupId=a")],
            ["odd 1"]
        ),
        ("app.jar", [manifest("Main-Class: A"), Member("A.class", "")], []),
        // The group of classes: up to what the archive is named after.
        (
            "grapher-ext-4.2.jar", [Member("com/google/inject/grapher/ext/A.class", "")],
            ["com.google.inject.grapher:grapher-ext 4.2"]
        ),
        (
            "spring-core-5.3.jar", [Member("org/springframework/core/A.class", "")],
            ["org.springframework:spring-core 5.3"]
        ),
        // What states another version than the library in it is something else.
        (
            "guice.jar", [manifest("Bundle-Version: 4.2"), properties("cglib", "cglib", "3.2")],
            ["cglib:cglib 3.2", "guice 4.2"]
        ),
        ("io-1.3-spec.jar", [properties("org.example", "io_1.3_spec", "1.3")], ["org.example:io_1.3_spec 1.3"]),
        (
            "old.jar",
            [
                {
                    var member = properties("a.b", "removed", "1"); member.isListed = false; return member
                }(),
                properties("a.b", "kept", "1"),
            ], ["a.b:kept 1"]
        ),
    ]

    @Test("an archive is what it says, then what its name says", arguments: identities)
    func identity(_ file: String, _ members: [Member], _ expected: [String]) async throws {
        #expect(try await Self.found("opt/" + file, ZipFixture.archive(members)) == expected)
    }

    @Test("an executable jar begins with a program", arguments: [true, false])
    func prologue(_ countsPrologue: Bool) async throws {
        let archive = ZipFixture.archive(
            [Self.properties("a.b", "c", "1")], prologue: Array("#!/bin/sh\nexec java -jar \"$0\"\n".utf8),
            countsPrologue: countsPrologue)
        #expect(try await Self.found("opt/c.jar", archive) == ["a.b:c 1"])
    }

    private static let damaged: [(bytes: [UInt8], reason: String)] = [
        (Array(lang.dropLast(3)), "it is cut off"),
        (Array("no archive at all, only text".utf8), "it is no zip archive"),
        (lang + [1], "something follows its end"),
        (
            ZipFixture.archive([
                {
                    var member = properties("a", "b", "1"); member.crc = 7; return member
                }()
            ]),
            "member META-INF/maven/a/b/pom.properties does not match its checksum"
        ),
        (
            ZipFixture.archive([Member("x", "y", .stored)]).replacing(
                Array("PK\u{1}\u{2}".utf8), with: Array("XXXX".utf8)),
            "something that is no record lies at byte"
        ),
    ]

    @Test("damage is told, never an archive of nothing", arguments: damaged)
    func damage(_ bytes: [UInt8], _ reason: String) async throws {
        let inventory = try await Scanning.inventory([Self.file("opt/a.jar", bytes)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.map(\.what) == ["opt/a.jar"])
        #expect(inventory.undetermined.first?.reason.hasPrefix(reason) == true, "\(inventory.undetermined)")
    }

    @Test("a damaged or encrypted archive within another is told alone")
    func damagedWithin() async throws {
        var secret = Member("lib/secret.jar", Self.lang)
        secret.flags = 1
        var odd = Member("lib/odd.jar", Self.lang)
        odd.method = 12
        let archive = ZipFixture.archive([
            Self.properties("a.b", "c", "1"), Member("lib/x.jar", Array(Self.lang.dropLast(40))), secret, odd,
        ])
        let inventory = try await Scanning.inventory([Self.file("c.jar", archive)])
        #expect(inventory.packages.map(\.name) == ["a.b:c"])
        #expect(
            inventory.undetermined == [
                Undetermined(what: "c.jar!/lib/odd.jar", reason: "it is packed in a way that is not read (method 12)"),
                Undetermined(what: "c.jar!/lib/secret.jar", reason: "it is encrypted"),
                Undetermined(what: "c.jar!/lib/x.jar", reason: "it is cut off"),
            ])
    }

    @Test("archives that lie too deep in each other are told")
    func depth() async throws {
        var archive = Self.lang
        for _ in 0...JavaArchive.depthMax { archive = ZipFixture.archive([Member("n.jar", archive)]) }
        let inventory = try await Scanning.inventory([Self.file("n.jar", archive)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.count == 1)
        #expect(inventory.undetermined.first?.reason.contains("depthMax = 8") == true, "\(inventory.undetermined)")
    }

    @Test("an archive that comes in pieces of any size is read as a whole one")
    func pieces() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let form = ZipFixture.Form.allCases.randomElement(using: &generator) ?? .stored
            let inner = ZipFixture.archive([Self.properties("in.ner", "one", "1", form), Member("x", "y", form)])
            let archive = ZipFixture.archive([
                Member("t", String(repeating: "t", count: Int.random(in: 0...300, using: &generator)), form),
                Member("one-1.jar", inner, form), Self.properties("out.er", "two", "2", form),
            ])
            let reading = JavaArchiveReading(try #require(EntryPath("two.jar")))
            var start = 0
            while start < archive.count {
                let end = min(archive.count, start + Int.random(in: 1...90, using: &generator))
                _ = archive[start..<end].withUnsafeBytes { reading.take($0) }
                start = end
            }
            let found = try reading.finish()
            #expect(found.packages.map(\.name) == ["out.er:two", "in.ner:one"], "seed \(seed), \(form)")
            #expect(found.undetermined == [], "seed \(seed), \(form)")
        }
    }

    @Test("no damage of any byte breaks the reader")
    func anyDamage() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let whole = ZipFixture.archive([
            Self.manifest(form: .streamed64), Member("a.jar", Self.lang, .streamed),
            Self.properties("a", "b", "1", .large),
        ])
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let reading = JavaArchiveReading(try #require(EntryPath("b.jar")))
            _ = bytes.withUnsafeBytes { reading.take($0) }
            // An error or findings, but an end.
            _ = Result { try reading.finish() }
        }
    }

    @Test("an end record that says a place before any is damage")
    func endBeforeStart() {
        let member = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26)
        let end64 =
            Array("PK\u{6}\u{6}".utf8) + [44] + [UInt8](repeating: 0, count: 7 + 36)
            + [0, 0, 0, 0, 0, 0, 0, 0x80]
        let end = Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18)
        #expect(throws: AnalysisError("its end record is damaged")) { try Self.read(member + end64 + end) }
    }

    @Test("what must be kept of an archive has a bound")
    func heldBytes() {
        let large = "A: " + String(repeating: "a", count: JavaArchive.manifestBytesMax - 3)
        let member = Member("META-INF/MANIFEST.MF", large)
        let within = ZipFixture.archive([Member](repeating: member, count: 33))
        let archive = ZipFixture.archive([Member("a.jar", within), Member("b.jar", within), member])
        #expect(throws: AnalysisError("what is kept of it is over the limit heldBytesMax = 67108864")) {
            try Self.read(archive)
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> FileFindings {
        let reading = JavaArchiveReading(try #require(EntryPath("a.jar")))
        _ = bytes.withUnsafeBytes { reading.take($0) }
        return try reading.finish()
    }

    @Test("a bomb ends at a bound, and says so")
    func bomb() throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let bomb = ZipFixture.archive((0..<5).map { Member("\($0)", zeros, .streamed) })
        let reading = JavaArchiveReading(try #require(EntryPath("bomb.jar")))
        _ = bomb.withUnsafeBytes { reading.take($0) }
        #expect(throws: AnalysisError("it unpacks to more than the limit ratioMax = 200 times its size")) {
            try reading.finish()
        }
    }
}
