/// Lines of a file as bytes, and text of them: package databases are ASCII with UTF-8 in descriptions.
struct LineReader: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next line without its end; a `\r` before `\n` is dropped, too.
    mutating func next() -> Slice<UnsafeRawBufferPointer>? {
        guard position < bytes.count else { return nil }
        let start = position
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        position = end + 1
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[start..<end]
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// As text without spaces at the ends; broken UTF-8 is repaired.
    var trimmedText: String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        var start = startIndex
        var end = endIndex
        while start < end, isSpace(self[start]) { start += 1 }
        while end > start, isSpace(self[end - 1]) { end -= 1 }
        return String(decoding: self[start..<end], as: UTF8.self)
    }

    func isField(_ name: StaticString) -> Bool {
        guard count > name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { wanted in
            for offset in 0..<wanted.count where self[startIndex + offset] | 0x20 != wanted[offset] | 0x20 {
                return false
            }
            return self[startIndex + wanted.count] == UInt8(ascii: ":")
        }
    }

    /// What follows the first colon.
    var fieldValue: String {
        guard let colon = firstIndex(of: UInt8(ascii: ":")) else { return "" }
        return self[(colon + 1)...].trimmedText
    }
}
