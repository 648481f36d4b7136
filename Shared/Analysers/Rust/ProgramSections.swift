/// Where the sections of an ELF program begin, read as it passes. Their names lie elsewhere and are not needed.
struct ProgramSections {
    private static let headerBytes = 64
    /// Programs have some dozens.
    static let countMax = 4096

    private var header: [UInt8] = []
    private var table: [UInt8] = []
    private var place: Range<Int64>?
    private var entryBytes = 0
    private var isLarge = false
    private var isBigEndian = false
    /// Whether it is a program or a library that has sections; known after its first bytes.
    private(set) var isProgram = true

    /// - Parameter offset: where in the file the bytes lie; one after the other.
    mutating func take(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        if header.count < Self.headerBytes {
            header += bytes.prefix(Self.headerBytes - header.count)
            if header.count == Self.headerBytes { readHeader() }
        }
        guard let place else { return }
        let piece = (offset..<offset + Int64(bytes.count)).clamped(to: place)
        guard !piece.isEmpty else { return }
        table += bytes[Int(piece.lowerBound - offset)..<Int(piece.upperBound - offset)]
    }

    private mutating func readHeader() {
        isLarge = header[4] == 2
        isBigEndian = header[5] == 2
        let kind = number(header, 16, 2)
        let start = isLarge ? number(header, 40, 8) : number(header, 32, 4)
        entryBytes = Int(number(header, isLarge ? 58 : 46, 2))
        let count = Int(number(header, isLarge ? 60 : 48, 2))
        // Executables and shared objects; programs are either.
        isProgram =
            (kind == 2 || kind == 3) && count > 0 && count <= Self.countMax && entryBytes == (isLarge ? 64 : 40)
            && start >= UInt64(Self.headerBytes - (isLarge ? 0 : 12)) && start < 1 << 48
        if isProgram { place = Int64(start)..<Int64(start) + Int64(count * entryBytes) }
    }

    /// The offsets of sections that have bytes.
    var starts: Set<Int64> {
        // A file can end before its header does.
        guard place != nil else { return [] }
        var starts: Set<Int64> = []
        for entry in stride(from: 0, to: table.count - entryBytes + 1, by: entryBytes) {
            guard number(table, entry + 4, 4) == 1 else { continue }
            let start = isLarge ? number(table, entry + 24, 8) : number(table, entry + 16, 4)
            starts.insert(Int64(truncatingIfNeeded: start))
        }
        return starts
    }

    private func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> UInt64 {
        let piece = bytes[at..<at + count]
        return isBigEndian
            ? piece.reduce(0) { $0 << 8 | UInt64($1) } : piece.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
