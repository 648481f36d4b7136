/// A file of which an archive holds only the parts with data: the map of those parts.
///
/// The forms of GNU tar: the old one, whose map is in the header and in blocks behind it, and the three of PAX, with
/// the map in records (0.0, 0.1) or before the data (1.0) (GNU tar manual, "Storing Sparse Files"). The parts lie in
/// order and apart, inside the file, and together they are the stored bytes: everything else is an error.
struct SparseFile {
    struct Part: Equatable {
        var offset: Int64
        var count: Int64
    }

    /// Parts of one file.
    static let partsMax = 100_000

    var realBytes: Int64
    /// Nil while the map stands before the data.
    var parts: [Part]?

    init(realBytes: Int64, parts: [Part]?) {
        self.realBytes = realBytes
        self.parts = parts
    }

    // MARK: GNU's old form

    /// Offset and size of one part, of 12 bytes each; the map ends with an empty one.
    private static let partBytes = 24

    /// From the header block of type `S`.
    init(header block: UnsafeRawBufferPointer) throws(TarError) {
        realBytes = try TarHeader.number(block[483..<495], "real size")
        parts = try Self.parts(block[386..<482])
    }

    /// Takes a further block of the map.
    mutating func extend(_ block: UnsafeRawBufferPointer) throws(TarError) {
        let more = try Self.parts(block[0..<504])
        guard (parts?.count ?? 0) + more.count <= Self.partsMax else { throw Self.tooMany }
        guard !more.isEmpty || block[504] == 0 else { throw TarError("the map of a sparse file has an empty block") }
        parts?.append(contentsOf: more)
    }

    private static func parts(_ field: Slice<UnsafeRawBufferPointer>) throws(TarError) -> [Part] {
        var parts: [Part] = []
        var start = field.startIndex
        while start + partBytes <= field.endIndex, field[start + 12] != 0 {
            parts.append(
                Part(
                    offset: try TarHeader.number(field[start..<start + 12], "part's offset"),
                    count: try TarHeader.number(field[start + 12..<start + 24], "part's size")))
            start += partBytes
        }
        return parts
    }

    // MARK: Checks

    static let tooMany = TarError("a sparse file has more than \(partsMax) parts")

    /// - Parameter storedBytes: those of the data alone.
    func check(storedBytes: Int64) throws(TarError) {
        var end: Int64 = 0
        var sum: Int64 = 0
        for part in parts ?? [] {
            guard part.offset >= end, part.count >= 0, part.offset <= realBytes, part.count <= realBytes - part.offset
            else { throw TarError("the parts of a sparse file overlap or leave it") }
            end = part.offset + part.count
            sum += part.count
        }
        guard sum == storedBytes else { throw TarError("the parts of a sparse file are not its stored bytes") }
    }
}

/// Puts a sparse file together as its parts come.
struct SparseBody {
    private var file: SparseFile
    private var storedBytes: Int64
    private var map = MapReader()
    private var content: [UInt8] = []
    private var part = 0
    private var partDone: Int64 = 0

    /// - Parameters:
    ///   - file: of a size that may be held.
    ///   - storedBytes: of its body, a map before the data included.
    init(_ file: SparseFile, storedBytes: Int64) throws(TarError) {
        self.file = file
        self.storedBytes = storedBytes
        if file.parts != nil { try begin() }
    }

    private mutating func begin() throws(TarError) {
        try file.check(storedBytes: storedBytes)
        content = [UInt8](repeating: 0, count: Int(file.realBytes))
    }

    mutating func take(_ piece: UnsafeRawBufferPointer) throws(TarError) {
        var rest = piece
        if file.parts == nil {
            rest = UnsafeRawBufferPointer(rebasing: rest[try map.take(rest)...])
            guard map.isComplete else { return }
            file.parts = map.parts
            storedBytes -= map.bytes
            try begin()
        }
        place(rest)
    }

    private mutating func place(_ piece: UnsafeRawBufferPointer) {
        var rest = piece
        while !rest.isEmpty, let parts = file.parts, part < parts.count {
            let count = Int(min(parts[part].count - partDone, Int64(rest.count)))
            let start = Int(parts[part].offset + partDone)
            content.withUnsafeMutableBytes { content in
                UnsafeMutableRawBufferPointer(rebasing: content[start..<start + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            }
            partDone += Int64(count)
            if partDone == parts[part].count { (part, partDone) = (part + 1, 0) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// The whole file, holes as zeros.
    func finish() throws(TarError) -> [UInt8] {
        guard file.parts != nil else { throw TarError("the map of a sparse file is cut off") }
        return content
    }
}

/// The map of PAX 1.0, which stands before the data: how many parts there are, then offset and size of each, as decimal
/// numbers with a newline behind each, up to a whole block.
private struct MapReader {
    private var numbers: [Int64] = []
    private var wanted = 1
    private var value: Int64?
    private(set) var bytes: Int64 = 0

    private var hasNumbers: Bool { numbers.count == wanted }
    var isComplete: Bool { hasNumbers && bytes.isMultiple(of: Int64(TarHeader.blockBytes)) }
    var parts: [SparseFile.Part] {
        stride(from: 1, to: numbers.count, by: 2).map { .init(offset: numbers[$0], count: numbers[$0 + 1]) }
    }

    /// - Returns: how many bytes it took.
    mutating func take(_ piece: UnsafeRawBufferPointer) throws(TarError) -> Int {
        var position = 0
        while position < piece.count, !isComplete {
            if !hasNumbers { try take(piece[position]) }
            position += 1
            bytes += 1
        }
        return position
    }

    private mutating func take(_ byte: UInt8) throws(TarError) {
        if byte == UInt8(ascii: "\n"), let number = value {
            numbers.append(number)
            value = nil
            if numbers.count == 1 {
                guard number <= Int64(SparseFile.partsMax) else { throw SparseFile.tooMany }
                wanted = 1 + 2 * Int(number)
            }
        } else {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10, (value ?? 0) < 1 << 58 else { throw TarError("the map of a sparse file is damaged") }
            value = (value ?? 0) * 10 + Int64(digit)
        }
    }
}
