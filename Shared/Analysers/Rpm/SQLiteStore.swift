/// The column `blob` of the table `Packages` of `rpmdb.sqlite`, read in place (SQLite "Database File Format").
///
/// A table is a tree of pages; each page is visited once at most, so a hostile file ends.
struct SQLiteStore {
    private static let magic = Array("SQLite format 3\u{0}".utf8)
    private static let leaf = 0x0D
    private static let inner = 0x05

    private let file: StoreBytes
    private let pageBytes: Int
    /// Without what is reserved at each page's end.
    private let usableBytes: Int

    init(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) {
        file = StoreBytes(bytes: bytes, isBigEndian: true)
        guard bytes.starts(with: Self.magic) else { throw AnalysisError("it is no SQLite database") }
        let stated = try file.u16(16)
        pageBytes = stated == 1 ? 65_536 : stated
        usableBytes = pageBytes - (try file.u8(20))
        guard pageBytes >= 512, pageBytes & (pageBytes - 1) == 0, usableBytes >= 480 else {
            throw AnalysisError("it has pages of \(pageBytes) bytes")
        }
        guard try file.u32(56) == 1 else { throw AnalysisError("its texts are not UTF-8") }
    }

    func headers(_ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void) throws(AnalysisError) {
        guard let root = try packagesRoot() else { throw AnalysisError("it has no table Packages") }
        try rows(root) { (row) throws(AnalysisError) in
            let record = try SQLiteRecord(row)
            guard record.count >= 2, let blob = try record.blob(1) else {
                throw AnalysisError("a row of Packages has no header")
            }
            try body(blob)
        }
    }

    /// The first page of the table, by the schema: type, name, table, first page, statement.
    private func packagesRoot() throws(AnalysisError) -> Int? {
        var root: Int?
        try rows(1) { (row) throws(AnalysisError) in
            let record = try SQLiteRecord(row)
            guard record.count >= 4, try record.blob(0)?.elementsEqual("table".utf8) == true,
                try record.blob(1)?.elementsEqual("Packages".utf8) == true
            else { return }
            root = try record.integer(3)
        }
        return root
    }

    // MARK: Pages

    private func rows(
        _ root: Int, _ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let pagesMax = file.bytes.count / pageBytes
        var waiting = [root]
        var visited = 0
        while let number = waiting.popLast() {
            visited += 1
            guard visited <= pagesMax else { throw AnalysisError("its pages lead in a circle") }
            let page = try page(number)
            // The file's own header comes before that of the first page.
            let start = number == 1 ? 100 : 0
            let cells = try page.u16(start + 3)
            switch try page.u8(start) {
            case Self.leaf:
                for index in 0..<cells { try row(page, at: page.u16(start + 8 + 2 * index), body) }
            case Self.inner:
                waiting.append(try page.u32(start + 8))
                for index in (0..<cells).reversed() {
                    waiting.append(try page.u32(try page.u16(start + 12 + 2 * index)))
                }
            case let type: throw AnalysisError("page \(number) is of the kind \(type)")
            }
            guard waiting.count <= pagesMax else { throw AnalysisError("its pages lead in a circle") }
        }
    }

    /// Counted from 1.
    private func page(_ number: Int) throws(AnalysisError) -> StoreBytes {
        guard number >= 1, number <= file.bytes.count / pageBytes else { throw StoreBytes.cutOff }
        return StoreBytes(bytes: try file.slice((number - 1) * pageBytes, pageBytes), isBigEndian: true)
    }

    private func row(
        _ page: StoreBytes, at cell: Int, _ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        var offset = cell
        let bytes = try SQLiteRecord.varint(page, &offset)
        _ = try SQLiteRecord.varint(page, &offset)
        try RpmLimits.check(headerBytes: bytes)
        let local = localBytes(of: bytes)
        guard local < bytes else { return try body(page.slice(offset, bytes)) }
        var whole: [UInt8] = []
        whole.append(contentsOf: try page.slice(offset, local))
        var next = try page.u32(offset + local)
        while whole.count < bytes {
            let overflow = try self.page(next)
            let count = min(bytes - whole.count, usableBytes - 4)
            whole.append(contentsOf: try overflow.slice(4, count))
            next = try overflow.u32(0)
        }
        try StoreBytes.with(whole, body)
    }

    /// How much of a row lies on its own page ("Cell payload overflow").
    private func localBytes(of bytes: Int) -> Int {
        let most = usableBytes - 35
        guard bytes > most else { return bytes }
        let least = (usableBytes - 12) * 32 / 255 - 23
        let local = least + (bytes - least) % (usableBytes - 4)
        return local <= most ? local : least
    }
}

/// One row: the types of its columns, then their values.
private struct SQLiteRecord {
    private let row: StoreBytes
    private var columns: [(type: Int, offset: Int)] = []
    private static let columnsMax = 100

    var count: Int { columns.count }

    init(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) {
        row = StoreBytes(bytes: bytes, isBigEndian: true)
        var offset = 0
        let headerBytes = try Self.varint(row, &offset)
        guard headerBytes <= bytes.count else { throw StoreBytes.cutOff }
        var value = headerBytes
        while offset < headerBytes {
            let type = try Self.varint(row, &offset)
            columns.append((type, value))
            let length = Self.length(of: type)
            guard columns.count <= Self.columnsMax, length <= bytes.count - value else { throw StoreBytes.cutOff }
            value += length
        }
    }

    private static func length(of type: Int) -> Int {
        switch type {
        case 0...4: type
        case 5: 6
        case 6, 7: 8
        case 12...: (type - 12) / 2
        default: 0
        }
    }

    /// A text or a blob; nil for anything else.
    func blob(_ column: Int) throws(AnalysisError) -> UnsafeRawBufferPointer? {
        let (type, offset) = columns[column]
        return type >= 12 ? try row.slice(offset, Self.length(of: type)) : nil
    }

    func integer(_ column: Int) throws(AnalysisError) -> Int? {
        let (type, offset) = columns[column]
        switch type {
        case 1...4: return try row.slice(offset, type).reduce(0) { $0 << 8 | Int($1) }
        case 9: return 1
        default: return nil
        }
    }

    /// Up to nine bytes, seven bits in each but the last.
    /// - Throws: also for numbers that no length can be.
    static func varint(_ bytes: StoreBytes, _ offset: inout Int) throws(AnalysisError) -> Int {
        var value = 0
        for _ in 0..<8 {
            let byte = try bytes.u8(offset)
            offset += 1
            value = value << 7 | (byte & 0x7F)
            if byte < 0x80 { return value }
        }
        throw AnalysisError("a number of it is too large")
    }
}
