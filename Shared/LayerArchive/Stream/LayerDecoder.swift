/// Turns the stored bytes of a layer into the tar archive, in pieces.
protocol LayerDecoder: AnyObject {
    /// Decodes the next stored bytes; writes to the free stretches of `output`.
    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputRing) throws
    /// The stored bytes are over: was the stream complete?
    func finish() throws
}

/// A layer that is not compressed.
final class PlainDecoder: LayerDecoder {
    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputRing) throws {
        var rest = bytes
        while !rest.isEmpty {
            let room = output.room()
            let count = min(room.count, rest.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            try output.produced(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func finish() {}
}
