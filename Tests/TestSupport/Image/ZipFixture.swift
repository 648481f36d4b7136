/// Makes zip archives in every form that tools write.
public struct ZipFixture {
    public enum Form: CaseIterable, Sendable {
        case stored, deflated
        /// Deflated, with the sizes after the member: with and without a signature, of eight bytes.
        case streamed, streamedWithoutSignature, streamed64
        /// Sizes in the extra field.
        case large
    }

    public struct Member: Sendable {
        public var name: String
        public var content: [UInt8]
        public var form: Form
        /// Left out of the directory: a leftover.
        public var isListed = true
        public var flags: UInt16 = 0
        public var method: UInt16?
        public var crc: UInt32?

        public init(_ name: String, _ content: [UInt8], _ form: Form = .deflated) {
            self.name = name
            self.content = content
            self.form = form
        }
        public init(_ name: String, _ content: String, _ form: Form = .deflated) {
            self.init(name, Array(content.utf8), form)
        }
    }

    /// - Parameter countsPrologue: whether places count from the prologue's first byte.
    public static func archive(_ members: [Member], prologue: [UInt8] = [], countsPrologue: Bool = true) -> [UInt8] {
        var bytes = prologue
        let base = countsPrologue ? 0 : prologue.count
        var directory: [UInt8] = []
        for member in members {
            let place = bytes.count - base
            let gzip = LayerFixture.gzip(member.content)
            let stated = gzip[(gzip.count - 8)..<(gzip.count - 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let crc = member.crc ?? stated
            let data = member.form == .stored ? member.content : Array(gzip.dropFirst(10).dropLast(8))
            let method = member.method ?? (member.form == .stored ? 0 : 8)
            let name = Array(member.name.utf8)
            let streams = [.streamed, .streamedWithoutSignature, .streamed64].contains(member.form)
            let flags = member.flags | (streams ? 8 : 0)
            let sizes = (packed: data.count, unpacked: member.content.count)
            let extra =
                member.form == .large
                ? number(1, 2) + number(16, 2) + number(sizes.unpacked, 8) + number(sizes.packed, 8) : []
            let short = member.form == .large ? (0xFFFF_FFFF, 0xFFFF_FFFF) : (sizes.packed, sizes.unpacked)
            bytes +=
                number(0x0403_4B50, 4) + number(20, 2) + number(Int(flags), 2) + number(Int(method), 2) + number(0, 4)
            bytes +=
                streams ? number(0, 4) + number(0, 8) : number(Int(crc), 4) + number(short.0, 4) + number(short.1, 4)
            bytes += number(name.count, 2) + number(extra.count, 2) + name + extra + data
            switch member.form {
            case .streamed:
                bytes +=
                    number(0x0807_4B50, 4) + number(Int(crc), 4) + number(sizes.packed, 4) + number(sizes.unpacked, 4)
            case .streamedWithoutSignature:
                bytes += number(Int(crc), 4) + number(sizes.packed, 4) + number(sizes.unpacked, 4)
            case .streamed64:
                bytes +=
                    number(0x0807_4B50, 4) + number(Int(crc), 4) + number(sizes.packed, 8) + number(sizes.unpacked, 8)
            case .stored, .deflated, .large: break
            }
            guard member.isListed else { continue }
            directory += number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + number(Int(flags), 2)
            directory += number(Int(method), 2) + number(0, 4) + number(Int(crc), 4) + number(short.0, 4)
            directory += number(short.1, 4) + number(name.count, 2) + number(extra.count, 2) + number(0, 10)
            directory += number(place, 4) + name + extra
        }
        let start = bytes.count - base
        let count = members.count { $0.isListed }
        bytes += directory + number(0x0605_4B50, 4) + number(0, 4) + number(count, 2) + number(count, 2)
        return bytes + number(directory.count, 4) + number(start, 4) + number(0, 2)
    }

    private static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }
}
