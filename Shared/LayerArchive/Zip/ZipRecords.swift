/// The fixed parts of a zip archive's records (APPNOTE 4.3), all little-endian.
enum ZipRecords {
    static let local: UInt32 = 0x0403_4B50
    static let central: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator: UInt32 = 0x0706_4B50
    static let descriptor: UInt32 = 0x0807_4B50

    static let localBytes = 30
    static let centralBytes = 46
    static let endBytes = 22
    static let end64Bytes = 56
    static let locatorBytes = 20
    static let descriptorBytesMax = 24

    /// What of these bytes is the descriptor of a member of these sizes.
    ///
    /// - Parameter bytes: `descriptorBytesMax` and four that follow.
    static func descriptor(_ bytes: [UInt8], packed: Int64, unpacked: Int64) -> (bytes: Int, crc: UInt32)? {
        let starts = bytes.u32(0) == descriptor ? [4, 0] : [0]
        for start in starts {
            let (crc, sizes) = (bytes.u32(start), start + 4)
            if bytes.u64(sizes) == UInt64(packed), bytes.u64(sizes + 8) == UInt64(unpacked), record(bytes, sizes + 16) {
                return (sizes + 16, crc)
            }
            if bytes.u32(sizes) == UInt32(truncatingIfNeeded: packed),
                bytes.u32(sizes + 4) == UInt32(truncatingIfNeeded: unpacked), record(bytes, sizes + 8)
            {
                return (sizes + 8, crc)
            }
        }
        return nil
    }

    /// Whether a record begins there.
    private static func record(_ bytes: [UInt8], _ place: Int) -> Bool {
        bytes.u16(place) == UInt16(truncatingIfNeeded: local)
    }
}

/// What stands before a member.
struct ZipLocalHeader {
    var name = ""
    var method: UInt16 = 0
    var crc: UInt32 = 0
    /// Nil where they follow the member.
    var packedBytes: Int64?
    var unpackedBytes: Int64?
    /// Why the member cannot be read, if so.
    var unreadable: String?

    init() {}

    init(_ bytes: [UInt8]) throws(ZipError) {
        let flags = bytes.u16(6)
        let nameEnd = ZipRecords.localBytes + Int(bytes.u16(26))
        name = String(decoding: bytes[ZipRecords.localBytes..<nameEnd], as: UTF8.self)
        method = bytes.u16(8)
        crc = bytes.u32(14)
        // Some tools write sizes and say that they follow; then they are right in both places.
        let follows = flags & 8 != 0
        if !(follows && bytes.u32(18) == 0) {
            var large = Zip64Values(bytes[nameEnd...])
            unpackedBytes = try large.value(bytes.u32(22), name)
            packedBytes = try large.value(bytes.u32(18), name)
        }
        if follows { (packedBytes, unpackedBytes) = (nil, nil) }
        if flags & 1 != 0 {
            unreadable = "it is encrypted"
        } else if method != 0, method != 8 {
            unreadable = "it is packed in a way that is not read (method \(method))"
        } else if method == 0, let packedBytes, packedBytes != unpackedBytes {
            throw ZipError("member \(name.prefix(100)) has two sizes")
        }
    }
}

/// A member as the directory lists it.
struct ZipCentralEntry {
    let name: String
    let offset: Int64

    init(_ bytes: [UInt8]) throws(ZipError) {
        let nameEnd = ZipRecords.centralBytes + Int(bytes.u16(28))
        name = String(decoding: bytes[ZipRecords.centralBytes..<nameEnd], as: UTF8.self)
        var large = Zip64Values(bytes[nameEnd..<nameEnd + Int(bytes.u16(30))])
        _ = try large.value(bytes.u32(24), name)
        _ = try large.value(bytes.u32(20), name)
        offset = try large.value(bytes.u32(42), name)
    }
}

/// The extra field 1: what did not fit into four bytes, in the order size, packed size, offset.
private struct Zip64Values {
    private var values: [UInt64] = []

    init(_ extra: ArraySlice<UInt8>) {
        var rest = Array(extra)
        while rest.count >= 4 {
            let count = Int(rest.u16(2))
            guard rest.count >= 4 + count else { return }
            if rest.u16(0) == 1 {
                values = stride(from: 4, to: 4 + count - 7, by: 8).map { rest.u64($0) }
                return
            }
            rest.removeFirst(4 + count)
        }
    }

    mutating func value(_ short: UInt32, _ name: String) throws(ZipError) -> Int64 {
        guard short == .max else { return Int64(short) }
        guard let first = values.first, let value = Int64(exactly: first) else {
            throw ZipError("member \(name.prefix(100)) does not say its size")
        }
        values.removeFirst()
        return value
    }
}

extension [UInt8] {
    func u16(_ at: Int) -> UInt16 { UInt16(self[at]) | UInt16(self[at + 1]) << 8 }
    func u32(_ at: Int) -> UInt32 { UInt32(u16(at)) | UInt32(u16(at + 2)) << 16 }
    func u64(_ at: Int) -> UInt64 { UInt64(u32(at)) | UInt64(u32(at + 4)) << 32 }
}
