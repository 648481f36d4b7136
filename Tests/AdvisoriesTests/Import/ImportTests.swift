import Advisories
import Foundation
import TestSupport
import Testing

@Suite("Importing OSV exports")
struct ImportTests {
    private func archive(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: Samples.folder + "/" + name)))
    }

    private func read(_ bytes: [UInt8], limits: ImportLimits = ImportLimits()) throws -> (
        ids: [String], report: AdvisoryImport.Report
    ) {
        var ids: [String] = []
        var reading = AdvisoryImport(limits: limits) { ids.append($0.key.description) }
        try reading.read(archive: bytes, source: "test")
        return (ids, reading.report)
    }

    @Test("a folder tree: archives, deflated and stored, single records, and one that cannot be read")
    func folder() throws {
        var keys: [String] = []
        var reading = AdvisoryImport { keys.append($0.key.description) }
        try reading.read(path: Samples.folder)
        #expect(
            keys == [
                "Alpine/ALPINE-CVE-2099-0006", "Debian/DSA-9001-1", "Debian/DSA-9002-1", "Debian/DSA-9003-1",
                "PyPI/PYSEC-2099-1",
            ])
        #expect(reading.report.records == 5)
        #expect(reading.report.withdrawn == 1)
        #expect(reading.report.unreadable == 1)
        #expect(reading.report.problems.count == 1)
        #expect(reading.report.problems.first?.contains("broken.json") == true)
        #expect(reading.report.sources == ["Alpine": 1, "Debian": 3, "PyPI": 1])
    }

    @Test("a file that the caller names")
    func single() throws {
        for (name, count) in [("Debian/all.zip", 3), ("Alpine/ALPINE-CVE-2099-0006.json", 1)] {
            var read = 0
            var reading = AdvisoryImport { _ in read += 1 }
            try reading.read(path: Samples.folder + "/" + name)
            #expect(read == count, "\(name)")
        }
    }

    @Test(
        "a source is the name of its folder, as one part of a key and of a path",
        arguments: [
            ("Debian", "Debian"), ("Rocky Linux", "Rocky Linux"), ("crates.io", "crates.io"), ("a/b", "ab"),
            ("", "local"), (".", "local"), ("..", "local"), ("/", "local"), ("a\u{0}b\n", "ab"), ("Größe", "Größe"),
            (String(repeating: "ü", count: 40), String(repeating: "ü", count: 32)),
        ])
    func source(folder: String, source: String) { #expect(AdvisoryImport.source(ofFolder: folder) == source) }

    @Test("a path without data is an error, not an empty import", arguments: ["/does/not/exist", "README.txt"])
    func nothing(path: String) {
        var reading = AdvisoryImport { _ in }
        #expect(throws: AdvisoriesError.self) {
            try reading.read(path: path.hasPrefix("/") ? path : Samples.folder + "/" + path)
        }
    }

    @Test("what the caller throws ends the import")
    func callerStops() throws {
        struct Stop: Error {}
        var reading = AdvisoryImport { _ in throw Stop() }
        #expect(throws: Stop.self) { try reading.read(path: Samples.folder) }
    }

    @Test("an archive that is cut off anywhere is refused", arguments: ["Debian/all.zip", "PyPI/all.zip"])
    func truncated(name: String) throws {
        let whole = try archive(name)
        #expect(try read(whole).report.unreadable == 0)
        for count in 0..<whole.count {
            #expect(throws: AdvisoriesError.self, "\(count) bytes") { try read(Array(whole[..<count])) }
        }
    }

    @Test("an archive with a changed byte gives the same records, an error or a counted problem, never a crash")
    func damaged() throws {
        let whole = try archive("Debian/all.zip")
        let good = try read(whole).ids
        for index in whole.indices {
            for value in [whole[index] ^ 0xff, whole[index] ^ 1] {
                var bytes = whole
                bytes[index] = value
                guard let result = try? read(bytes) else { continue }
                // Names and dates are not under the checksum; content is.
                #expect(result.ids.allSatisfy(good.contains), "byte \(index)")
            }
        }
    }

    @Test("limits on members and on all records together are kept")
    func limits() throws {
        let whole = try archive("Debian/all.zip")
        var limits = ImportLimits()
        limits.archiveEntriesMax = 2
        #expect(throws: AdvisoriesError.self) { try read(whole, limits: limits) }
        limits = ImportLimits()
        limits.totalBytesMax = 300
        #expect(throws: AdvisoriesError.self) { try read(whole, limits: limits) }
        limits = ImportLimits()
        limits.recordBytesMax = 16
        #expect(try read(whole, limits: limits).report.unreadable == 3)
    }

    @Test("problems are counted exactly and kept up to their limit")
    func problems() throws {
        var limits = ImportLimits()
        limits.problemsMax = 2
        var reading = AdvisoryImport(limits: limits) { _ in }
        for number in 0..<5 { try reading.read(record: Data("{}".utf8), source: "test", name: "r\(number)") }
        #expect(reading.report.unreadable == 5)
        #expect(reading.report.problems.count == 2)
    }

    @Test("random bytes are no archive")
    func random() {
        var random = SeededGenerator.printed("random bytes as an archive")
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(throws: AdvisoriesError.self) { try read(bytes) }
        }
    }
}
