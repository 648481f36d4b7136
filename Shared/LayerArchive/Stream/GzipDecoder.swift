/// Gzip (RFC 1952) over ISA-L: any number of members, each drained to its trailer, CRC-32 and length checked.
///
/// Zero bytes after the last member are padding and allowed; anything else there is an error.
final class GzipDecoder: LayerDecoder {
    private enum State {
        case header
        case deflate
        /// Zero bytes after a member.
        case padding
    }

    private let inflate: InflateStream
    private var state = State.header
    private var header: GzipHeaderParser
    private let headerBytesMax: Int
    private var members = 0

    init(limits: LayerLimits) throws(CauseError) {
        guard let inflate = InflateStream(.gzipMember) else { throw CauseError(.memory) }
        self.inflate = inflate
        headerBytesMax = limits.gzipHeaderBytesMax
        header = GzipHeaderParser(bytesMax: headerBytesMax)
    }

    func decode(_ bytes: UnsafeRawBufferPointer, into output: OutputRing) throws {
        var position = 0
        while position < bytes.count {
            switch state {
            case .deflate:
                position += try step(UnsafeRawBufferPointer(rebasing: bytes[position...]), output)
            case .header:
                if header.isAtStart, members > 0, bytes[position] == 0 {
                    state = .padding
                } else if try header.take(bytes[position]) {
                    state = .deflate
                    if members > 0 { inflate.restart() }
                }
                position += 1
            case .padding:
                guard bytes[position] == 0 else {
                    throw CauseError(.stream("something follows the padding after the gzip stream"))
                }
                position += 1
            }
        }
    }

    /// Inflates until the input is used up or the member ends.
    /// - Returns: how much input was used.
    private func step(_ bytes: UnsafeRawBufferPointer, _ output: OutputRing) throws -> Int {
        var used = 0
        while true {
            let room = output.room()
            let result = inflate.step(UnsafeRawBufferPointer(rebasing: bytes[used...]), into: room)
            used += result.consumed
            if result.produced > 0 { try output.produced(result.produced) }
            if let damage = result.damage { throw CauseError(.stream(damage)) }
            if result.isOver {
                members += 1
                header = GzipHeaderParser(bytesMax: headerBytesMax)
                state = .header
                return used
            }
            // Room left over means that there is no more to be had from this input.
            if used == bytes.count, result.produced < room.count { return used }
            if result.consumed == 0, result.produced == 0 { throw CauseError(.stream("the decoder makes no progress")) }
        }
    }

    func finish() throws {
        switch state {
        case .deflate: throw CauseError(.stream("the gzip stream is cut off"))
        case .header where !header.isAtStart: throw CauseError(.stream("a gzip header is cut off"))
        case .header, .padding: if members == 0 { throw CauseError(.stream("it holds no gzip member")) }
        }
    }
}

/// Steps over a gzip member's header byte by byte (RFC 1952 §2.3).
struct GzipHeaderParser {
    private enum Field { case fixed, extraLength, extra(left: Int), name, comment, checksum(left: Int) }

    private let bytesMax: Int
    private var field = Field.fixed
    private var count = 0
    private var flags: UInt8 = 0
    private var extraLength = 0
    private var inField = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var isAtStart: Bool { count == 0 }

    /// Takes one byte.
    /// - Returns: whether the header is complete.
    mutating func take(_ byte: UInt8) throws(CauseError) -> Bool {
        count += 1
        guard count <= bytesMax else {
            throw CauseError(.overLimit("gzipHeaderBytesMax", limit: Int64(bytesMax), value: nil))
        }
        switch field {
        case .fixed:
            switch count {
            case 1: if byte != 0x1F { throw CauseError(.stream("something that is no gzip member follows")) }
            case 2: if byte != 0x8B { throw CauseError(.stream("something that is no gzip member follows")) }
            case 3: if byte != 8 { throw CauseError(.stream("gzip with a method other than deflate")) }
            case 4: flags = byte
            case 10: return next(after: 0)
            default: break
            }
            if count == 4, flags & 0xE0 != 0 { throw CauseError(.stream("a gzip header has reserved flags")) }
        case .extraLength:
            extraLength |= Int(byte) << (8 * inField)
            inField += 1
            if inField == 2 {
                if extraLength == 0 { return next(after: 1) }
                field = .extra(left: extraLength)
            }
        case .extra(let left):
            if left == 1 { return next(after: 1) }
            field = .extra(left: left - 1)
        case .name: if byte == 0 { return next(after: 2) }
        case .comment: if byte == 0 { return next(after: 3) }
        case .checksum(let left):
            if left == 1 { return true }
            field = .checksum(left: left - 1)
        }
        return false
    }

    /// Moves to the first optional field after number `done`.
    private mutating func next(after done: Int) -> Bool {
        if done < 1, flags & 4 != 0 {
            field = .extraLength
        } else if done < 2, flags & 8 != 0 {
            field = .name
        } else if done < 3, flags & 16 != 0 {
            field = .comment
        } else if flags & 2 != 0 {
            field = .checksum(left: 2)
        } else {
            return true
        }
        return false
    }
}
