import CCompression
import Foundation

/// Reads the members of a zip archive, stored or deflated, zip64 tolerated (PKWARE APPNOTE 6.3), one at a time.
///
/// Every size that the archive states is checked against its file and the limits; every member's CRC is checked.
struct ZipArchive {
    struct Member {
        let name: String
        fileprivate let method: UInt16
        fileprivate let flags: UInt16
        fileprivate let crc: UInt32
        let compressedBytes: Int64
        let bytes: Int64
        fileprivate let headerOffset: Int64
    }

    /// The directory of a million members with long names.
    private static let directoryBytesMax: Int64 = 512 << 20

    private let name: String
    private let limits: ImportLimits
    private let size: Int64
    private let read: (_ offset: Int64, _ count: Int) throws -> [UInt8]
    private(set) var members: [Member] = []

    /// - Parameter read: Returns exactly the bytes asked for; offsets and counts lie within `size`.
    init(
        name: String, size: Int64, limits: ImportLimits,
        read: @escaping (_ offset: Int64, _ count: Int) throws -> [UInt8]
    ) throws(AdvisoriesError) {
        self.name = name
        self.size = size
        self.limits = limits
        self.read = read
        members = try directory()
    }

    /// The content of a member.
    func content(of member: Member) throws(AdvisoriesError) -> [UInt8] {
        guard member.bytes <= limits.recordBytesMax else {
            throw .record(name: member.name, reason: "it is larger than \(limits.recordBytesMax) bytes")
        }
        guard member.bytes < 1 << 20 || member.bytes / max(member.compressedBytes, 1) <= limits.compressionRatioMax
        else {
            throw failure("\(member.name) is compressed more than \(limits.compressionRatioMax) times")
        }
        guard member.flags & 1 == 0 else { throw failure("\(member.name) is encrypted") }
        let header = ByteReader(bytes: try take(member.headerOffset, 30))
        guard header.u32(0) == 0x0403_4b50 else { throw failure("\(member.name) has no local header") }
        let start = member.headerOffset + 30 + Int64(header.u16(26)) + Int64(header.u16(28))
        let packed = try take(start, Int(member.compressedBytes))
        let content: [UInt8]
        switch member.method {
        case 0 where member.compressedBytes == member.bytes: content = packed
        case 8: content = try inflated(packed, to: Int(member.bytes), member)
        default: throw failure("\(member.name) is stored in a way that we cannot read (method \(member.method))")
        }
        let sum = content.withUnsafeBufferPointer {
            UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count)))
        }
        guard sum == member.crc else { throw failure("\(member.name) does not match its checksum") }
        return content
    }

    private func inflated(_ packed: [UInt8], to count: Int, _ member: Member) throws(AdvisoriesError) -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw failure("zlib has no memory")
        }
        defer { inflateEnd(&stream) }
        var input = packed
        var code = Z_OK
        // One byte more than stated, so that content which goes on is seen.
        let content = [UInt8](unsafeUninitializedCapacity: count + 1) { output, filled in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(count + 1)
                code = inflate(&stream, Z_FINISH)
            }
            filled = count + 1 - Int(stream.avail_out)
        }
        guard code == Z_STREAM_END, content.count == count else { throw failure("\(member.name) is damaged") }
        return content
    }

    // MARK: Directory

    private struct DirectoryPlace {
        var entries: Int64
        var bytes: Int64
        var offset: Int64
    }

    private func directory() throws(AdvisoriesError) -> [Member] {
        let place = try directoryPlace()
        guard place.entries <= Int64(limits.archiveEntriesMax) else {
            throw failure("it holds more than \(limits.archiveEntriesMax) members")
        }
        guard place.bytes <= Self.directoryBytesMax else { throw failure("its directory is larger than we read") }
        let reader = ByteReader(bytes: try take(place.offset, Int(place.bytes)))
        var members: [Member] = []
        members.reserveCapacity(Int(min(place.entries, place.bytes / 46)))
        var at = 0
        for _ in 0..<place.entries {
            guard at + 46 <= reader.bytes.count, reader.u32(at) == 0x0201_4b50 else {
                throw failure("its directory is damaged")
            }
            let lengths = (
                name: Int(reader.u16(at + 28)), extra: Int(reader.u16(at + 30)), comment: Int(reader.u16(at + 32))
            )
            let end = at + 46 + lengths.name + lengths.extra + lengths.comment
            guard end <= reader.bytes.count else { throw failure("its directory is damaged") }
            members.append(try member(reader, at: at, nameBytes: lengths.name, extraBytes: lengths.extra))
            at = end
        }
        return members
    }

    private func member(_ reader: ByteReader, at: Int, nameBytes: Int, extraBytes: Int) throws(AdvisoriesError)
        -> Member
    {
        var large = Zip64Extra(reader, from: at + 46 + nameBytes, count: extraBytes)
        let bytes = large.value(reader.u32(at + 24))
        let compressed = large.value(reader.u32(at + 20))
        let offset = large.value(reader.u32(at + 42))
        guard let bytes, let compressed, let offset, compressed <= size, offset <= size else {
            throw failure("its directory names sizes beyond the file")
        }
        return Member(
            name: String(decoding: reader.bytes[(at + 46)..<(at + 46 + nameBytes)], as: UTF8.self),
            method: reader.u16(at + 10),
            flags: reader.u16(at + 8), crc: reader.u32(at + 16), compressedBytes: compressed, bytes: bytes,
            headerOffset: offset)
    }

    /// Where the directory is, from the end record, or from the zip64 end record before it.
    private func directoryPlace() throws(AdvisoriesError) -> DirectoryPlace {
        let tailBytes = Int(min(size, 22 + 65_535))
        let tail = ByteReader(bytes: try take(size - Int64(tailBytes), tailBytes))
        guard tailBytes >= 22,
            let end = stride(from: tailBytes - 22, through: 0, by: -1).first(where: { tail.u32($0) == 0x0605_4b50 })
        else { throw failure("it has no end record; it is cut off or no zip archive") }
        var place = DirectoryPlace(
            entries: Int64(tail.u16(end + 10)), bytes: Int64(tail.u32(end + 12)), offset: Int64(tail.u32(end + 16)))
        let isLarge = place.entries == 0xffff || place.bytes == 0xffff_ffff || place.offset == 0xffff_ffff
        if isLarge, end >= 20, tail.u32(end - 20) == 0x0706_4b50 {
            let record = ByteReader(bytes: try take(tail.i64(end - 12), 56))
            guard record.u32(0) == 0x0606_4b50 else { throw failure("its zip64 end record is damaged") }
            place = DirectoryPlace(entries: record.i64(32), bytes: record.i64(40), offset: record.i64(48))
        }
        guard place.entries >= 0, place.bytes >= 0, place.bytes <= size else {
            throw failure("its end record is damaged")
        }
        return place
    }

    private func take(_ offset: Int64, _ count: Int) throws(AdvisoriesError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, Int64(count) <= size - offset else {
            throw failure("it names a place outside the file")
        }
        do { return try read(offset, count) } catch { throw .file(path: name, reason: "\(error)") }
    }

    private func failure(_ reason: String) -> AdvisoriesError { .archive(name: name, reason: reason) }
}

/// Little-endian numbers; the caller has checked that they lie within.
private struct ByteReader {
    let bytes: [UInt8]
    func u16(_ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }
    func u32(_ at: Int) -> UInt32 { UInt32(u16(at)) | UInt32(u16(at + 2)) << 16 }
    /// Negative when it is beyond what a file can hold.
    func i64(_ at: Int) -> Int64 { Int64(bitPattern: UInt64(u32(at)) | UInt64(u32(at + 4)) << 32) }
}

/// The extra field 0x0001: the values that did not fit, in the order size, compressed size, offset.
private struct Zip64Extra {
    private var values: [Int64] = []

    init(_ reader: ByteReader, from start: Int, count: Int) {
        var at = start
        while at + 4 <= start + count {
            let length = Int(reader.u16(at + 2))
            guard at + 4 + length <= start + count else { return }
            if reader.u16(at) == 1 {
                values = stride(from: at + 4, to: at + 4 + length - 7, by: 8).map { reader.i64($0) }
                return
            }
            at += 4 + length
        }
    }

    /// Nil when the value should be here and is not, or is negative.
    mutating func value(_ short: UInt32) -> Int64? {
        guard short == 0xffff_ffff else { return Int64(short) }
        guard let first = values.first, first >= 0 else { return nil }
        values.removeFirst()
        return first
    }
}
