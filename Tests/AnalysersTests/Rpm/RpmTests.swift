import Foundation
import GRDB
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("rpm")
struct RpmTests {
    enum Store: String, CaseIterable {
        case sqlite = "rpmdb.sqlite"
        case ndb = "Packages.db"
        case berkeley = "Packages"

        func write(_ headers: [[UInt8]], pageBytes: Int = 4096) throws -> [UInt8] {
            switch self {
            case .sqlite: try RpmTests.sqlite(headers, pageBytes: pageBytes)
            case .ndb: NdbFixture.store(headers)
            case .berkeley: BerkeleyFixture(pageBytes: pageBytes).store(headers)
            }
        }

        func read(_ bytes: [UInt8]) throws -> FileFindings {
            let path = try #require(EntryPath("var/lib/rpm/" + rawValue))
            return try bytes.withUnsafeBytes { try RpmAnalyser().analyse(path, $0) }
        }
    }

    private static let release = "ID=\"almalinux\"\nVERSION_ID=\"9.3\"\nID_LIKE=\"rhel centos fedora\"\n"
    private static let openssl = RpmFixture(
        name: "openssl-libs", version: "3.0.7", release: "24.el9", epoch: 1, license: "ASL 2.0",
        source: "openssl-3.0.7-24.el9.src.rpm")
    private static let requests = RpmFixture(
        name: "python3-requests", epoch: 0, architecture: "noarch",
        files: [
            ("/usr/lib/python3.9/site-packages/requests/", "api.py"),
            ("/usr/lib/python3.9/site-packages/requests-2.25.1.egg-info/", "PKG-INFO"),
        ])
    private static let key = RpmFixture(
        name: "gpg-pubkey", version: "8483c65d", release: "5ccc5b19", architecture: "(none)")

    private static func file(_ path: String, _ bytes: [UInt8]) -> TarFixture.Item {
        .file(Array(path.utf8), content: bytes, mode: 0o644)
    }

    /// As rpm makes it, with SQLite itself.
    static func sqlite(_ headers: [[UInt8]], pageBytes: Int) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: "rpm-\(UUID().uuidString).sqlite")
        defer { try? FileManager.default.removeItem(at: file) }
        let queue = try DatabaseQueue(path: file.path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA page_size = \(pageBytes)")
            try database.execute(
                sql: """
                    CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
                    CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);
                    """)
            for header in headers {
                try database.execute(sql: "INSERT INTO Packages (blob) VALUES (?)", arguments: [Data(header)])
            }
        }
        try queue.close()
        return Array(try Data(contentsOf: file))
    }

    @Test("packages with epoch, source and purl, in every store", arguments: Store.allCases)
    func packages(_ store: Store) async throws {
        let bytes = try store.write([Self.openssl.header, Self.key.header, Self.requests.header])
        let inventory = try await Scanning.inventory([
            .file("etc/os-release", Self.release), Self.file("usr/lib/sysimage/rpm/" + store.rawValue, bytes),
            .symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm"),
            .file(
                "usr/lib/python3.9/site-packages/requests-2.25.1.egg-info/PKG-INFO", "Name: requests\nVersion: 2.25.1\n"
            ),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:pypi/requests@2.25.1",
                "pkg:rpm/almalinux/openssl-libs@3.0.7-24.el9?arch=x86_64&distro=almalinux-9.3&epoch=1",
                "pkg:rpm/almalinux/python3-requests@1.2-3.el9?arch=noarch&distro=almalinux-9.3",
            ])
        #expect(inventory.packages.map(\.version) == ["2.25.1", "1:3.0.7-24.el9", "1.2-3.el9"])
        #expect(inventory.packages[0].owner == "python3-requests")
        #expect(inventory.packages[1].source == Package.Source(name: "openssl", version: "3.0.7-24.el9"))
        #expect(inventory.packages[1].licenses == ["ASL 2.0"])
        #expect(inventory.undetermined == [])
    }

    @Test("what a random set of packages makes of each store is read back", arguments: Store.allCases)
    func property(_ store: Store) throws {
        for _ in 0..<10 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var generator = SeededGenerator(seed: seed)
            let packages = (0..<Int.random(in: 1...60, using: &generator)).map { number in
                var package = RpmFixture(name: "p-\(number)")
                if Bool.random(using: &generator) { package.epoch = UInt32.random(in: 0...9, using: &generator) }
                // From one that fits beside others on a page to one that takes many.
                package.files = (0..<Int.random(in: 0...(number % 10 == 0 ? 3_000 : 20), using: &generator)).map {
                    ("/opt/p-\(number)/\($0 % 7)/", "file-\($0)")
                }
                return package
            }
            let pageBytes = [512, 1024, 4096, 16_384].randomElement(using: &generator) ?? 4096
            let found = try store.read(try store.write(packages.map(\.header), pageBytes: max(pageBytes, 1024)))
            #expect(
                found.packages.map { "\($0.name) \($0.version)" }.sorted()
                    == packages.map { "\($0.name) \($0.full)" }.sorted(), "seed \(seed)")
        }
    }

    @Test("BerkeleyDB is read in either byte order")
    func byteOrder() throws {
        let headers = [Self.openssl.header, Self.requests.header]
        let little = try Store.berkeley.read(BerkeleyFixture().store(headers))
        #expect(little.packages.count == 2)
        #expect(try Store.berkeley.read(BerkeleyFixture(isBigEndian: true).store(headers)) == little)
    }

    @Test("bytes that were changed or cut off are an error or another list, never a crash", arguments: Store.allCases)
    func damage(_ store: Store) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let whole = try store.write((0..<12).map { RpmFixture(name: "p-\($0)", files: [("/a/", "b")]).header })
        var failures = 0
        for round in 0..<400 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            if round.isMultiple(of: 3) { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            do { _ = try store.read(bytes) } catch is AnalysisError { failures += 1 }
        }
        #expect(failures > 0, "seed \(seed)")
    }

    @Test(
        "what is no store says so",
        arguments: Store.allCases.flatMap { store in
            ["", "x", String(repeating: "y", count: 10_000)].map { (store, $0) }
        })
    func noStore(_ store: Store, _ text: String) {
        #expect(throws: AnalysisError.self) { try store.read(Array(text.utf8)) }
    }

    @Test("slots that lead to one header again and again are damage: a small file would make any number of packages")
    func overlapping() throws {
        var store = NdbFixture.store([Self.openssl.header])
        for slot in stride(from: 48, to: 4096, by: 16) { store.replaceSubrange(slot..<slot + 16, with: store[32..<48]) }
        #expect(throws: AnalysisError("its headers lie in each other")) { try Store.ndb.read(store) }
    }

    @Test("a path longer than any file's is damage: files share their folder")
    func longPaths() throws {
        let folder = String(repeating: "f", count: 5000) + "/"
        let package = RpmFixture(name: "a", files: [(folder, "METADATA")])
        #expect(throws: AnalysisError("it names a file whose path is over the limit fieldBytesMax = 4096")) {
            try Store.ndb.read(NdbFixture.store([package.header]))
        }
    }

    @Test("a write-ahead log with pages is told; an empty one is nothing")
    func writeAheadLog() async throws {
        let database = Self.file("var/lib/rpm/rpmdb.sqlite", try Store.sqlite.write([Self.openssl.header]))
        let empty = try await Scanning.inventory([database, .file("var/lib/rpm/rpmdb.sqlite-wal", "")])
        #expect(empty.undetermined == [])
        let full = try await Scanning.inventory([database, .file("var/lib/rpm/rpmdb.sqlite-wal", "pages")])
        #expect(full.undetermined.map(\.what) == ["rpm packages"])
        #expect(full.packages.count == 1)
    }

    @Test("the text of distroless Mariner images is read")
    func manifest() async throws {
        let text = """
            openssl-libs\t1.1.1k-21.cm2\t1667412843\t1667400000\tMicrosoft Corporation\t(none)\t5000\tx86_64\t(none)\topenssl-1.1.1k-21.cm2.src.rpm
            epochal\t2-1.cm2\t1\t1\tMicrosoft Corporation\t1\t5\tnoarch\t1\tepochal-2-1.cm2.src.rpm
            """
        let inventory = try await Scanning.inventory([
            .file("etc/os-release", "ID=mariner\nVERSION_ID=2.0\n"),
            .file("var/lib/rpmmanifest/container-manifest-2", text),
        ])
        #expect(Scanning.list(inventory) == ["epochal 1:2-1.cm2@0", "openssl-libs 1.1.1k-21.cm2@0"])
        #expect(inventory.packages.map(\.source?.name) == ["epochal", "openssl"])
        #expect(inventory.undetermined == [])
    }

    @Test(
        "the source is told by the name of its package",
        arguments: [
            ("a-b-1.0-2.src.rpm", "a-b 1.0-2"), ("a-1-2.nosrc.rpm", "a 1-2"), ("a-1.src.rpm", nil), ("(none)", nil),
        ] as [(String, String?)])
    func source(_ file: String, _ expected: String?) {
        #expect(RpmHeader.source(file).map { "\($0.name) \($0.version)" } == expected)
    }
}
