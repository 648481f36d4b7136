/// `Packages` of older rpms: a hash table of BerkeleyDB (its `dbinc/db_page.h`), in the byte order of the machine that
/// wrote it. Headers lie on chains of overflow pages, small ones beside their key.
struct BerkeleyStore {
    private static let magic = 0x061561
    private static let hashMetadata = 8
    /// Hash pages, sorted and (before 4.6, so RHEL 5) not.
    private static let hashPages = [13, 2]
    private static let overflowPage = 7
    private static let headerBytes = 26
    /// Kinds of an item on a hash page.
    private static let onPage = 1
    private static let offPage = 3

    private let file: StoreBytes
    private let pageBytes: Int

    init(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) {
        let little = StoreBytes(bytes: bytes, isBigEndian: false)
        let big = StoreBytes(bytes: bytes, isBigEndian: true)
        if try little.u32(12) == Self.magic {
            file = little
        } else if try big.u32(12) == Self.magic {
            file = big
        } else {
            throw AnalysisError("it is no hash table of BerkeleyDB")
        }
        pageBytes = try file.u32(20)
        guard (512...65_536).contains(pageBytes), pageBytes & (pageBytes - 1) == 0 else {
            throw AnalysisError("it has pages of \(pageBytes) bytes")
        }
        guard try file.u8(24) == 0 else { throw AnalysisError("it is encrypted") }
        guard try file.u8(25) == Self.hashMetadata else { throw AnalysisError("it is no hash table of BerkeleyDB") }
    }

    private var pages: Int { file.bytes.count / pageBytes }

    func headers(_ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void) throws(AnalysisError) {
        let last = try file.u32(32)
        guard last < pages else { throw StoreBytes.cutOff }
        for number in stride(from: 1, through: last, by: 1) {
            let page = try page(number)
            guard Self.hashPages.contains(try page.u8(25)) else { continue }
            let items = try page.u16(20)
            guard items.isMultiple(of: 2) else { throw AnalysisError("page \(number) has a key without a value") }
            for item in stride(from: 0, to: items, by: 2) where try !isCounter(page, item) {
                try value(page, item + 1, body)
            }
        }
    }

    private func page(_ number: Int) throws(AnalysisError) -> StoreBytes {
        guard (0..<pages).contains(number) else { throw StoreBytes.cutOff }
        return StoreBytes(bytes: try file.slice(number * pageBytes, pageBytes), isBigEndian: file.isBigEndian)
    }

    /// Items lie from the page's end to its start.
    private func item(_ page: StoreBytes, _ index: Int) throws(AnalysisError) -> (start: Int, end: Int) {
        let start = try page.u16(Self.headerBytes + 2 * index)
        let end = index == 0 ? pageBytes : try page.u16(Self.headerBytes + 2 * (index - 1))
        guard start < end, end <= pageBytes else { throw AnalysisError("a page's items overlap") }
        return (start, end)
    }

    /// The key 0 has the number of the next package.
    private func isCounter(_ page: StoreBytes, _ index: Int) throws(AnalysisError) -> Bool {
        let (start, end) = try item(page, index)
        guard try page.u8(start) == Self.onPage, end - start == 5 else { return false }
        return try page.u32(start + 1) == 0
    }

    private func value(
        _ page: StoreBytes, _ index: Int, _ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let (start, end) = try item(page, index)
        switch try page.u8(start) {
        case Self.onPage: try body(try page.slice(start + 1, end - start - 1))
        case Self.offPage:
            try StoreBytes.with(try chain(from: try page.u32(start + 4), bytes: try page.u32(start + 8)), body)
        case let kind: throw AnalysisError("an item is of the kind \(kind)")
        }
    }

    private func chain(from first: Int, bytes: Int) throws(AnalysisError) -> [UInt8] {
        try RpmLimits.check(headerBytes: bytes)
        var whole: [UInt8] = []
        var next = first
        while whole.count < bytes {
            let page = try page(next)
            guard try page.u8(25) == Self.overflowPage else { throw AnalysisError("page \(next) is no overflow page") }
            next = try page.u32(16)
            // The last page says how much of it is used.
            let count = next == 0 ? try page.u16(22) : pageBytes - Self.headerBytes
            guard count > 0 else { throw StoreBytes.cutOff }
            whole.append(contentsOf: try page.slice(Self.headerBytes, min(count, bytes - whole.count)))
            guard next != 0 || whole.count == bytes else { throw StoreBytes.cutOff }
        }
        return whole
    }
}
