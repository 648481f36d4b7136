import CCompression

/// What lies behind a checksum, which no change of bytes by chance keeps right: the input is only the inside.
extension FuzzSubject {
    static let wrapped: [FuzzSubject] = [rpmHeader, javaMember, rustCrates]

    /// One header, in a store that is right.
    private static let rpmHeader: FuzzSubject = {
        let file = AnalysedFile("rpm", ["var/lib/rpm/Packages.db"])
        return FuzzSubject("rpm-header") { input in
            var store = ndbPage
            store += joined(little(0x5362_6C42, 4), little(1, 4), little(1, 4), little(input.file.count, 4))
            store += input.file
            store.withUnsafeBytes { file.analyse($0, input) }
        }
    }()

    /// A manifest, the properties of Maven, or an archive, in an archive.
    private static let javaMember: FuzzSubject = {
        let file = AnalysedFile("java", ["app/shop-1.0.jar"])
        let names = ["META-INF/MANIFEST.MF", "META-INF/maven/com.example/shop/pom.properties", "lib/other.jar"]
        return FuzzSubject("java-member") { input in
            let archive = storedZip(input.choose(names), input.file)
            archive.withUnsafeBytes { file.read(FuzzInput(form: 0, pieceBytes: input.pieceBytes, file: $0)) }
        }
    }()

    /// A list of crates, in a program.
    private static let rustCrates: FuzzSubject = {
        let file = AnalysedFile("rust", ["usr/bin/shop"])
        return FuzzSubject("rust-crates") { input in
            let program = rustProgram(input.file)
            program.withUnsafeBytes { file.read(FuzzInput(form: 0, pieceBytes: input.pieceBytes, file: $0)) }
        }
    }()

    // MARK: Containers

    /// The only page of slots of an ndb store, with one package right behind it.
    private static let ndbPage: [UInt8] = {
        let pageBytes = 4096
        let slotMark = little(0x746F_6C53, 4)
        var page = joined(little(0x506D_7052, 4), little(0, 4), little(1, 4), little(1, 4), little(0, 16))
        // How large the package is its own beginning says, too.
        page += joined(slotMark, little(1, 4), little(pageBytes / 16, 4), little(1, 4))
        while page.count < pageBytes { page += joined(slotMark, little(0, 12)) }
        return page
    }()

    /// A zip archive with one member that is not packed (APPNOTE 4.3).
    private static func storedZip(_ name: String, _ content: UnsafeRawBufferPointer) -> [UInt8] {
        let crc = Int(crc32(0, content.bindMemory(to: UInt8.self).baseAddress, UInt32(content.count)))
        let version = little(20, 2)
        let sizes = joined(little(crc, 4), little(content.count, 4), little(content.count, 4))
        let names = joined(little(name.utf8.count, 2), little(0, 2))
        let text = Array(name.utf8)
        let member = joined(little(0x0403_4B50, 4), version, little(0, 8), sizes, names, text, Array(content))
        let entry = joined(
            little(0x0201_4B50, 4), version, version, little(0, 8), sizes, names, little(0, 14), text)
        let end = joined(
            little(0x0605_4B50, 4), little(0, 4), little(1, 2), little(1, 2), little(entry.count, 4),
            little(member.count, 4), little(0, 2))
        return joined(member, entry, end)
    }

    /// An ELF program with one section, which holds the text as zlib data that is not packed (RFC 1950, RFC 1951).
    private static func rustProgram(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var list: [UInt8] = [0x78, 0x01]
        let blockBytes = 0xFFFF
        for start in stride(from: 0, to: max(text.count, 1), by: blockBytes) {
            let block = Array(text[start..<min(start + blockBytes, text.count)])
            let isLast: UInt8 = start + blockBytes >= text.count ? 1 : 0
            list += joined([isLast], little(block.count, 2), little(block.count ^ 0xFFFF, 2), block)
        }
        let sum = adler32(1, text.bindMemory(to: UInt8.self).baseAddress, UInt32(text.count))
        list += little(Int(sum), 4).reversed()
        let start = 64
        let program = joined(
            [0x7F] + Array("ELF".utf8) + [2, 1, 1], little(0, 9), little(3, 2), little(62, 2), little(1, 4),
            little(0, 16), little(start + list.count, 8), little(0, 4), little(64, 2), little(0, 4), little(64, 2),
            little(1, 2), little(0, 2))
        let section = joined(
            little(1, 4), little(1, 4), little(0, 16), little(start, 8), little(list.count, 8), little(0, 24))
        return joined(program, list, section)
    }

    private static func joined(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }
}
