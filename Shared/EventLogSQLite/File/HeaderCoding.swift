import EventLogPort
import Foundation

/// Headers in one blob: for each, the lengths of name and value (32 bits, little-endian), then their UTF-8 bytes.
enum HeaderCoding {
    static func encode(_ headers: [Header]) -> [UInt8] {
        guard !headers.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headers.reduce(0) { $0 + 8 + $1.name.utf8.count + $1.value.utf8.count })
        for header in headers {
            append(UInt32(header.name.utf8.count), to: &bytes)
            append(UInt32(header.value.utf8.count), to: &bytes)
            bytes.append(contentsOf: header.name.utf8)
            bytes.append(contentsOf: header.value.utf8)
        }
        return bytes
    }

    /// - Throws: `EventLogError.corrupt` when the lengths do not fit.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(EventLogError) -> [Header] {
        var headers: [Header] = []
        var index = 0
        while index < bytes.count {
            guard let name = length(bytes, index), let value = length(bytes, index + 4),
                index + 8 + name + value <= bytes.count
            else { throw .corrupt(reason: "a record's headers are cut short") }
            let start = index + 8
            let middle = start + name
            index = middle + value
            headers.append(
                Header(
                    String(decoding: bytes[start..<middle], as: UTF8.self),
                    String(decoding: bytes[middle..<index], as: UTF8.self)))
        }
        return headers
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        guard index + 4 <= bytes.count else { return nil }
        return (0..<4).reduce(0) { $0 | Int(bytes[index + $1]) << (8 * $1) }
    }
}
