import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Rust")
struct RustTests {
    private static let list = """
        {"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1],"root":true},\
        {"name":"serde","version":"1.0.190","source":"crates.io"},\
        {"name":"cc","version":"1.0.83","source":"crates.io","kind":"build"},\
        {"name":"time","version":"0.1.44","source":"crates.io","kind":"runtime"}]}
        """
    private static let expected = ["app 0.1.0", "serde 1.0.190", "time 0.1.44"]

    private static func packed(_ text: String, level: Int32 = 7) -> [UInt8] {
        let gzip = LayerFixture.gzip(Array(text.utf8), level: level)
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in text.utf8 {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        let sum = high << 16 | low
        return [0x78, 0xDA] + gzip.dropFirst(10).dropLast(8)
            + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
    }

    /// A program whose second section is the list.
    private static func program(
        _ list: [UInt8] = packed(list), before: [UInt8] = Array(repeating: 0x78, count: 700), isListed: Bool = true,
        isLarge: Bool = true, isBigEndian: Bool = false
    ) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isBigEndian ? bytes.reversed() : bytes
        }
        let word = isLarge ? 8 : 4
        let start = 64 + before.count
        let table = start + list.count + 5
        var header =
            [0x7F] + Array("ELF".utf8) + [isLarge ? 2 : 1, isBigEndian ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
        header += number(3, 2) + number(62, 2) + number(1, 4) + number(0, word * 2) + number(table, word) + number(0, 4)
        header +=
            number(isLarge ? 64 : 52, 2) + number(0, 4) + number(isLarge ? 64 : 40, 2) + number(3, 2) + number(0, 2)
        header += [UInt8](repeating: 0, count: 64 - header.count)
        func section(_ kind: Int, _ place: Int) -> [UInt8] {
            let entry = number(1, 4) + number(kind, 4) + number(0, word * 2) + number(place, word)
            return entry + [UInt8](repeating: 0, count: (isLarge ? 64 : 40) - entry.count)
        }
        let sections = section(0, 0) + section(1, 64) + section(1, isListed ? start : start + 1)
        return header + before + list + [0, 0, 0, 0, 0] + sections
    }

    private static func read(_ bytes: [UInt8], piece: () -> Int) throws -> [String] {
        let reading = RustProgramReading()
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + piece())
            guard bytes[start..<end].withUnsafeBytes({ reading.take($0) }) else { break }
            start = end
        }
        return try reading.finish().packages.map { "\($0.name) \($0.version)" }
    }

    @Test("crates that are in the program, not those that only built it")
    func packages() async throws {
        let inventory = try await Scanning.inventory([
            .file(Array("usr/bin/app".utf8), content: Self.program(), mode: 0o755)
        ])
        #expect(inventory.packages.map { "\($0.name) \($0.version)" } == Self.expected)
        #expect(inventory.packages.map(\.purl).last == "pkg:cargo/time@0.1.44")
        #expect(inventory.undetermined == [])
    }

    @Test("programs of 32 and 64 bits and of either byte order", arguments: [true, false], [true, false])
    func forms(_ isLarge: Bool, _ isBigEndian: Bool) throws {
        let program = Self.program(isLarge: isLarge, isBigEndian: isBigEndian)
        #expect(try Self.read(program) { program.count } == Self.expected)
    }

    @Test("a program that comes in pieces of any size is read as a whole one")
    func pieces() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            // Much that may begin such data.
            let before = (0..<Int.random(in: 1...2000, using: &generator)).map { _ -> UInt8 in
                [0x78, 0x78, 0x9C, 0xDA, 0x01, 0xAB, 4].randomElement(using: &generator) ?? 0
            }
            let level = Int32.random(in: 0...9, using: &generator)
            let program = Self.program(Self.packed(Self.list, level: level), before: before)
            let largest = [3, 90, 700, 5000].randomElement(using: &generator) ?? 1
            let found = try Self.read(program) { Int.random(in: 1...largest, using: &generator) }
            #expect(found == Self.expected, "seed \(seed)")
        }
    }

    @Test("a file that ends within its header, and has the beginning of a list in it, is nothing")
    func shortFile() throws {
        let file = [0x7F] + Array("ELF".utf8) + Self.packed(Self.list).prefix(50)
        #expect(try Self.read(file) { file.count } == [])
    }

    @Test("a program with a damaged list says the same in pieces of any size")
    func damagedInPieces() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var list = Self.packed(Self.list)
            list[Int.random(in: 2..<list.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            let program = Self.program(list)
            let whole = Result { try Self.read(program) { program.count } }
            let size = [1, 5, 90, 700].randomElement(using: &generator) ?? 1
            let inPieces = Result { try Self.read(program) { size } }
            #expect("\(inPieces)" == "\(whole)", "seed \(seed), pieces of \(size)")
        }
    }

    @Test("what only looks like a list, and programs without one, are nothing")
    func others() throws {
        for bytes in [Self.program(isListed: false), Self.program([1, 2, 3]), Array("\u{7F}ELF".utf8)] {
            #expect(try Self.read(bytes) { bytes.count } == [])
        }
    }

    @Test("a list that is damaged is told")
    func damage() async throws {
        var cut = Self.packed(Self.list)
        cut[cut.count - 1] ^= 1
        let found = [
            (cut, "its list of crates cannot be read: the checksum or the length after the data is wrong"),
            (Self.packed(#"{"packages":[{"name":"x"}]}"#), "packages.[0] has no version"),
        ]
        for (list, reason) in found {
            let program = Self.program(list)
            let inventory = try await Scanning.inventory([.file(Array("app".utf8), content: program, mode: 0o755)])
            #expect(inventory.undetermined == [Undetermined(what: "app", reason: reason)])
        }
    }
}
