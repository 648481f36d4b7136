import Foundation

/// One input: two bytes that say how the file is read, then the file.
struct FuzzInput {
    /// Which path the file has, or the like.
    let form: Int
    /// How large the pieces are in which it comes; nil for a whole.
    let pieceBytes: Int?
    let file: UnsafeRawBufferPointer

    private static let headBytes = 2
    /// Up to here the second byte is the size itself; above, it counts larger steps.
    private static let smallPieceMax = 200

    init(form: Int, pieceBytes: Int?, file: UnsafeRawBufferPointer) {
        self.form = form
        self.pieceBytes = pieceBytes
        self.file = file
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headBytes else { return nil }
        form = Int(bytes[0])
        let size = Int(bytes[1])
        pieceBytes = size == 0 ? nil : size <= Self.smallPieceMax ? size : (size - Self.smallPieceMax) * 128
        file = UnsafeRawBufferPointer(rebasing: bytes[Self.headBytes...])
    }

    /// One of several, by the input.
    func choose<Value>(_ values: [Value]) -> Value { values[form % values.count] }

    /// Hands over the file in pieces, until one call says false.
    ///
    /// Each piece lies in memory of its own, which is gone after the call: the address sanitizer sees a look beyond
    /// its ends, and a later one.
    func forEachPiece(of size: Int?, _ body: (UnsafeRawBufferPointer) throws -> Bool) rethrows {
        let size = size ?? max(file.count, 1)
        for start in stride(from: 0, to: file.count, by: size) {
            let part = UnsafeRawBufferPointer(rebasing: file[start..<min(start + size, file.count)])
            guard try Self.withCopy(of: part, body) else { return }
        }
    }

    static func withCopy<Value>(
        of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyMemory(from: bytes)
        return try body(UnsafeRawBufferPointer(copy))
    }
}

enum Diagnostics {
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
