/// The fields of one 512-byte header block (POSIX.1-2017 pax §ustar; GNU tar manual, "Basic Tar Format").
struct TarHeader {
    static let blockBytes = 512

    var name: [UInt8]
    var linkName: [UInt8]
    var mode: UInt32
    var sizeBytes: Int64
    var type: UInt8
    /// V7 has no type for directories: there a trailing slash of the whole name says it (as in Go's archive/tar).
    var isV7File: Bool
    /// Of GNU's old sparse format.
    var sparse: SparseFile?
    /// Further blocks of its map follow this one.
    var hasSparseExtension: Bool

    /// - Parameter block: 512 bytes, not all zero.
    init(_ block: UnsafeRawBufferPointer) throws(TarError) {
        try Self.verifyChecksum(block)
        let magic = block[257..<263]
        let isPOSIX = magic.elementsEqual("ustar\0".utf8)
        let isGNU = magic.elementsEqual("ustar ".utf8)
        name = Self.text(block[0..<100])
        if isPOSIX {
            // star keeps times at the end of the prefix and signs with `tar\0`.
            let isStar = block[508..<512].elementsEqual("tar\0".utf8)
            let prefix = Self.text(block[345..<(isStar ? 476 : 500)])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        linkName = Self.text(block[157..<257])
        mode = UInt32(truncatingIfNeeded: try Self.number(block[100..<108], "mode") & 0o7777)
        sizeBytes = try Self.number(block[124..<136], "size")
        isV7File = block[156] == 0
        type = isV7File ? UInt8(ascii: "0") : block[156]
        sparse = isGNU && type == UInt8(ascii: "S") ? try SparseFile(header: block) : nil
        hasSparseExtension = isGNU && type == UInt8(ascii: "S") && block[482] != 0
    }

    /// The sum of all bytes with the field itself as spaces; some old writers summed signed bytes.
    private static func verifyChecksum(_ block: UnsafeRawBufferPointer) throws(TarError) {
        var unsigned = 0
        var signed = 0
        for byte in block {
            unsigned += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        for byte in block[148..<156] {
            unsigned += 32 - Int(byte)
            signed += 32 - Int(Int8(bitPattern: byte))
        }
        let stated = try number(block[148..<156], "checksum")
        guard stated == unsigned || stated == signed else { throw TarError("the checksum of a header is wrong") }
    }

    private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between spaces and NULs, or base 256 with the top bit of the first byte set (GNU).
    static func number(_ field: Slice<UnsafeRawBufferPointer>, _ what: String) throws(TarError) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 { return try base256(field, what) }
        var value: Int64 = 0
        var ended = false
        var begun = false
        for byte in field {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "7") where !ended:
                // 12 digits hold 36 bits: no overflow.
                value = value << 3 | Int64(byte - UInt8(ascii: "0"))
                begun = true
            case 0x20, 0:
                ended = begun
            default:
                throw TarError("the \(what) of an entry is no number")
            }
        }
        return value
    }

    private static func base256(_ field: Slice<UnsafeRawBufferPointer>, _ what: String) throws(TarError) -> Int64 {
        var value: Int64 = 0
        for (index, byte) in field.enumerated() {
            let digit = Int64(index == 0 ? byte & 0x7F : byte)
            if index == 0, byte & 0x40 != 0 { throw TarError("the \(what) of an entry is negative") }
            guard value >> 55 == 0 else { throw TarError("the \(what) of an entry does not fit 63 bits") }
            value = value << 8 | digit
        }
        return value
    }
}

/// What is wrong with an archive; the reader adds the place and the layer.
struct TarError: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
