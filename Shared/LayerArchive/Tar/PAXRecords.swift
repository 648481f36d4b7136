/// The records of a PAX extended header that matter here (POSIX.1-2017 pax §pax Extended Header): `length key=value\n`.
struct PAXRecords {
    /// The real name of a sparse file; else the one that is stated.
    var path: [UInt8]? { isSparse ? sparseName ?? statedPath : statedPath }
    var linkPath: [UInt8]?
    var sizeBytes: Int64?
    private var statedPath: [UInt8]?
    private var sparseName: [UInt8]?
    private var major: [UInt8]?
    private var minor: [UInt8]?

    /// Whether the body is parts, perhaps with a map before them, and not the file. As Go's archive/tar decides it,
    /// with which runtimes extract: of another version, or without a map, the other records count for nothing.
    var isSparse: Bool {
        switch (major, minor) {
        case ([0x30], [0x30]), ([0x30], [0x31]): true
        case ([0x31], [0x30]): true
        case (nil, nil): !sparseNumbers.isEmpty
        default: false
        }
    }
    private var realBytes: Int64?
    /// Offsets and sizes, in turn.
    private var sparseNumbers: [Int64] = []
    private var hasMapBefore: Bool { major == [0x31] }

    /// The map of a sparse file.
    func sparse() throws(TarError) -> SparseFile? {
        guard isSparse else { return nil }
        guard let realBytes, sparseNumbers.count.isMultiple(of: 2) else {
            throw TarError("the map of a sparse file is damaged")
        }
        let parts = stride(from: 0, to: sparseNumbers.count, by: 2).map {
            SparseFile.Part(offset: sparseNumbers[$0], count: sparseNumbers[$0 + 1])
        }
        return SparseFile(realBytes: realBytes, parts: hasMapBefore ? nil : parts)
    }

    init(_ body: [UInt8]) throws(TarError) {
        var rest = body[...]
        while !rest.isEmpty {
            guard let space = rest.prefix(21).firstIndex(of: UInt8(ascii: " ")),
                let length = Self.decimal(rest[..<space]), length > 0, length <= rest.count,
                rest[rest.startIndex..<space].count < length
            else { throw TarError("a PAX record has a bad length") }
            let record = rest[space...].dropFirst().prefix(Int(length) - (space - rest.startIndex) - 1)
            guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw TarError("a PAX record is not key=value")
            }
            try apply(key: record[..<equals], value: record[(equals + 1)..<(record.endIndex - 1)])
            rest = rest.dropFirst(Int(length))
        }
    }

    private mutating func apply(key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(TarError) {
        switch String(decoding: key, as: UTF8.self) {
        case "path": statedPath = try Self.name(value)
        case "linkpath": linkPath = try Self.name(value)
        case "size":
            guard let size = Self.decimal(value) else { throw TarError("the size in a PAX header is no number") }
            sizeBytes = size
        case "GNU.sparse.name": sparseName = try Self.name(value)
        case "GNU.sparse.size", "GNU.sparse.realsize":
            realBytes = try Self.sparseNumber(value)
        // 0.0 has a record for each number; 0.1 has them all in one.
        case "GNU.sparse.offset", "GNU.sparse.numbytes": try add(Self.sparseNumber(value))
        case "GNU.sparse.map":
            for number in value.split(separator: UInt8(ascii: ",")) { try add(Self.sparseNumber(number)) }
        case "GNU.sparse.major": major = Array(value)
        case "GNU.sparse.minor": minor = Array(value)
        default: break
        }
    }

    private mutating func add(_ number: Int64) throws(TarError) {
        sparseNumbers.append(number)
        guard sparseNumbers.count <= 2 * SparseFile.partsMax else { throw SparseFile.tooMany }
    }

    private static func sparseNumber(_ value: ArraySlice<UInt8>) throws(TarError) -> Int64 {
        guard let number = decimal(value) else { throw TarError("a number in the map of a sparse file is none") }
        return number
    }

    private static func name(_ value: ArraySlice<UInt8>) throws(TarError) -> [UInt8]? {
        if value.contains(0) { throw TarError("a name in a PAX header holds a NUL") }
        return value.isEmpty ? nil : Array(value)
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
