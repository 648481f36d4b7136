/// Turns the stored bytes of a layer into the tar archive, in pieces.
protocol LayerDecoder: AnyObject {
    /// Decodes the next stored bytes; hands each piece of output to `room`'s owner through `output`.
    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputSlots) throws
    /// The stored bytes are over: was the stream complete?
    func finish() throws
}

/// Where decoders put their output: one free stretch at a time.
protocol OutputSlots: AnyObject {
    /// A stretch of at least one byte to write to.
    func room() throws -> UnsafeMutableRawBufferPointer
    /// The first `count` bytes of the stretch are written.
    func produced(_ count: Int) throws
}

/// A layer that is not compressed.
final class PlainDecoder: LayerDecoder {
    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputSlots) throws {
        var rest = bytes
        while !rest.isEmpty {
            let room = try output.room()
            let count = min(room.count, rest.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            try output.produced(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func finish() {}
}
