/// Texts behind each other in one buffer, named by number: a set holds hundreds of thousands of them.
struct TextArena: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []

    var count: Int { ends.count }

    func slice(_ number: UInt32) -> ArraySlice<UInt8> {
        let start = number == 0 ? 0 : Int(ends[Int(number) - 1])
        return bytes[start..<Int(ends[Int(number)])]
    }

    func text(_ number: UInt32) -> String { String(decoding: slice(number), as: UTF8.self) }

    /// - Precondition: All texts together are below 4 GiB.
    mutating func append(_ text: String) -> UInt32 {
        bytes.append(contentsOf: text.utf8)
        precondition(bytes.count <= Int(UInt32.max), "the texts of a generation are below 4 GiB")
        ends.append(UInt32(bytes.count))
        return UInt32(ends.count - 1)
    }
}

/// A list within one of the set's arrays.
struct Span: Sendable {
    var start: UInt32
    var end: UInt32
    static let empty = Span(start: 0, end: 0)
    var indices: Range<Int> { Int(start)..<Int(end) }
}
