import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Programs by hand")
struct ProgramsTests {
    private static func elf(_ text: String, before: Int = 5000) -> [UInt8] {
        [0x7F] + Array("ELF".utf8) + [UInt8](repeating: 1, count: before) + Array(text.utf8)
            + [UInt8](repeating: 0, count: 700)
    }

    private static let statements: [(path: String, text: String, expected: [String])] = [
        ("bin/busybox", "BusyBox v1.36.1 (2023-11-07 18:53:09 UTC)", ["busybox 1.36.1"]),
        ("bin/[", "BusyBox v1.36.1 (2024-09-26 21:31:42 UTC)", ["busybox 1.36.1"]), ("usr/bin/[", "coreutils 9.1", []),
        ("opt/ssl/bin/openssl", "\0OpenSSL 3.0.11 19 Sep 2023\0", ["openssl 3.0.11"]),
        ("usr/local/lib/libcrypto.so.1.1", "OpenSSL 1.1.1w  11 Sep 2023", ["openssl 1.1.1w"]),
        ("opt/ssl/bin/openssl", "OpenSSL 3.x needs it. OpenSSL \0", []),
        (
            "usr/local/bin/node", "\0https://nodejs.org/download/release/v18.17.1/node-v18.17.1.tar.gz\0",
            ["node 18.17.1"]
        ),
        ("usr/local/bin/python3.11", "\0%.80s (%.80s) %.80s\03.11.\03.11.6\0", ["python 3.11.6"]),
        ("usr/local/lib/libpython3.12.so.1.0", "\03.12.0rc1+\0", ["python 3.12.0rc1+"]),
        ("usr/local/bin/python3.11", "\03.12.1\0", []), ("usr/local/bin/python3", "\03.11.6\0", []),
        ("usr/local/bin/python3.11-config", "\03.11.6\0", []),
        ("usr/sbin/nginx", "nginx version: nginx/1.25.3\n", ["nginx 1.25.3"]),
        ("usr/local/apache2/bin/httpd", "\0Apache/2.4.58 (Unix)\0", ["httpd 2.4.58"]),
        ("usr/local/sbin/php-fpm", "X-Powered-By: PHP/8.2.12\0", ["php 8.2.12"]),
        ("usr/local/bin/postgres", "postgres (PostgreSQL) 16.1\n", ["postgresql 16.1"]),
        ("usr/local/lib/libruby.so.3.2", "\0ruby 3.2.2 (2023-03-30 revision e51014f9c0)\0", ["ruby 3.2.2"]),
        ("usr/bin/other", "nginx/1.25.3 ", []), ("usr/sbin/nginx", "nginx/ nginx/1.25.", []),
    ]

    @Test("each by what it prints", arguments: statements.indices)
    func stated(_ number: Int) async throws {
        let (path, text, expected) = Self.statements[number]
        let inventory = try await Scanning.inventory([.file(Array(path.utf8), content: Self.elf(text), mode: 0o755)])
        #expect(inventory.packages.map { "\($0.name) \($0.version)" } == expected)
        #expect(
            inventory.packages.allSatisfy {
                $0.purl == "pkg:generic/\($0.name)@\($0.version)".replacing("+", with: "%2B")
            })
    }

    @Test("the same whatever the pieces")
    func pieces() throws {
        var generator = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        for (path, text, expected) in Self.statements {
            let bytes = Self.elf(text, before: Int.random(in: 12...3000, using: &generator))
            let reading = ProgramsAnalyser().reading(try #require(EntryPath(path)))
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...400, using: &generator))
                guard bytes[start..<end].withUnsafeBytes({ reading.take($0) }) else { break }
                start = end
            }
            #expect(try reading.finish().packages.map { "\($0.name) \($0.version)" } == expected, "\(path)")
        }
    }

    @Test(
        "Java says it in a file",
        arguments: [
            ("JAVA_VERSION=\"17.0.8\"\nJAVA_RUNTIME_VERSION=\"17.0.8+7-LTS\"\n", ["openjdk 17.0.8+7"]),
            ("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"1.8.0_382\"\n", ["openjdk 1.8.0_382"]), ("12.4\n", []), ("", []),
        ])
    func java(_ text: String, _ expected: [String]) async throws {
        let inventory = try await Scanning.inventory([.file("opt/java/release", text)])
        #expect(inventory.packages.map { "\($0.name) \($0.version)" } == expected)
    }

    @Test("what a distribution's package brought is that package, also in a distroless image")
    func owned() async throws {
        let status = "Package: libssl3\nVersion: 3.0.11\nArchitecture: amd64\n"
        let program = TarFixture.Item.file(
            Array("usr/lib/libcrypto.so.3".utf8), content: Self.elf("OpenSSL 3.0.11 19 Sep 2023"), mode: 0o644)
        let sums = "0123456789abcdef0123456789abcdef  usr/lib/libcrypto.so.3\n"
        let distroless = try await Scanning.inventory([
            .file("var/lib/dpkg/status.d/libssl3", status), .file("var/lib/dpkg/status.d/libssl3.md5sums", sums),
            program,
        ])
        #expect(distroless.packages.map(\.name) == ["libssl3"])
        let debian = try await Scanning.inventory([
            .file("var/lib/dpkg/status", status + "Status: install ok installed\n"),
            .file("var/lib/dpkg/info/libssl3:amd64.list", "/.\n/usr/lib/libcrypto.so.3\n"), program,
        ])
        #expect(debian.packages.map(\.name) == ["libssl3"])
        let alpine = try await Scanning.inventory([
            .file(
                "lib/apk/db/installed",
                "P:busybox\nV:1.36.1-r7\nF:bin\nR:busybox\na:0:0:755\n\nP:jre\nV:17-r0\nF:usr/lib/jvm\nR:release\n"),
            .file(Array("bin/busybox".utf8), content: Self.elf("BusyBox v1.36.1 (2023-11-07)"), mode: 0o755),
            .file("usr/lib/jvm/release", "JAVA_VERSION=\"17.0.8\"\n"),
        ])
        #expect(alpine.packages.map(\.name) == ["busybox", "jre"])
        let other = try await Scanning.inventory([
            .file("var/lib/dpkg/status", status + "Status: install ok installed\n"), program,
        ])
        #expect(other.packages.map(\.name) == ["libssl3", "openssl"])
    }

    @Test(
        "the version that programs of this machine print, where they are",
        arguments: [
            ("openssl", ["version"], "OpenSSL "), ("ruby", ["--version"], "ruby "), ("php", ["--version"], "PHP "),
            ("busybox", [], "BusyBox v"), ("nginx", ["-v"], "nginx/"), ("node", ["--version"], "v"),
            ("python3", ["--version"], "Python "),
        ])
    func differential(_ name: String, _ arguments: [String], _ mark: String) throws {
        guard let program = Program.path(of: name) else { return print("skipped: there is no \(name) here") }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let printed = try #require(output.firstRange(of: mark)).upperBound
        let version = output[printed...].prefix { !$0.isWhitespace }
        let file = program.resolvingSymlinksInPath()
        guard let bytes = FileManager.default.contents(atPath: file.path), bytes.starts(with: [0x7F]) else {
            return print("skipped: \(file.path) is no program")
        }
        let reading = ProgramsAnalyser().reading(try #require(EntryPath(file.path)))
        _ = bytes.withUnsafeBytes { reading.take($0) }
        let found = try reading.finish().packages.map(\.version)
        // A program may have its version in a library.
        if found.isEmpty { return print("skipped: \(file.path) leaves its version to a library") }
        // Ruby prints its patch level behind it.
        #expect(found == [String(version.prefix { name != "ruby" || $0 != "p" })])
    }
}
