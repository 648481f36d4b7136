import CCompression

/// Deflate data (RFC 1951) through ISA-L, in steps of any size. Headers around it are the caller's.
public final class InflateStream {
    /// What follows the data, which is checked.
    public enum Framing: Sendable {
        case none
        /// CRC-32 and length (RFC 1952).
        case gzipMember
        /// Adler-32 (RFC 1950).
        case zlib
    }

    public struct Step: Sendable {
        public let consumed: Int
        public let produced: Int
        /// The data, with what follows it, is over.
        public let isOver: Bool
        /// What is wrong with it; there is no going on then.
        public let damage: String?
    }

    private let inflate: OpaquePointer

    /// - Returns: nil if there is no memory.
    public init?(_ framing: Framing) {
        let code: pratique_framing =
            switch framing {
            case .none: pratique_raw
            case .gzipMember: pratique_gzip
            case .zlib: pratique_zlib
            }
        guard let inflate = pratique_inflate_create(code) else { return nil }
        self.inflate = inflate
    }

    deinit { pratique_inflate_destroy(inflate) }

    /// Makes ready for other data.
    public func restart() { pratique_inflate_restart(inflate) }

    /// Inflates until the input is used up, the room is full, or the data is over.
    ///
    /// - Parameter room: at least one byte.
    public func step(_ input: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Step {
        guard let base = room.baseAddress else { preconditionFailure("a stretch has at least one byte") }
        let result = pratique_inflate_step(inflate, input.baseAddress, input.count, base, room.count)
        return Step(
            consumed: result.consumed, produced: result.produced, isOver: result.status == 1,
            damage: result.status < 0 ? Self.meaning(of: result.status) : nil)
    }

    /// Once data without framing is over: bytes after its end that were consumed already, at most eight.
    public var unused: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 8) { bytes, count in
            guard let base = bytes.baseAddress else { return }
            count = pratique_inflate_unused(inflate, base)
        }
    }

    /// The error codes of ISA-L's `igzip_lib.h`.
    private static func meaning(of status: Int32) -> String {
        switch status {
        case -1: "a deflate block is invalid"
        case -2: "a deflate symbol is invalid"
        case -3: "a distance reaches before the start"
        case -6: "the checksum or the length after the data is wrong"
        default: "inflate failed with \(status)"
        }
    }
}
