import CCompression

/// Reads a zip archive (PKWARE APPNOTE 6.3.10) as its bytes pass, once, however large it is.
///
/// A zip archive is told by the directory at its end; what lies before may be anything. So whoever reads members as
/// they pass asks at the end which of them count: `finish()`. A member that nobody wants is stepped over, or, where its
/// size comes only after it, inflated to find its end.
///
/// Promises: members that are taken had the right CRC and size; nothing is held but one header and a window. Limits:
/// members that are encrypted, or packed other than by deflate, are `unreadable`; archives in several parts are not
/// read.
public final class ZipReader {
    private enum Part {
        case signature, local, localNames, descriptor, central, centralNames, end, comment, end64, locator
    }
    private enum State {
        /// Before the first member something else may lie: jars can be programs.
        case start
        case collecting(Part, bytes: Int)
        case skipping(left: Int64)
        case stored(left: Int64)
        /// The packed bytes that are left; nil where the size comes later.
        case deflated(left: Int64?)
        case over
    }

    /// A program before the first member.
    static let prologueBytesMax: Int64 = 1 << 20
    /// The most that members' names of interest take, in the archive and its directory.
    static let listedMax = 200_000
    private static let windowBytes = 64 << 10
    /// What noting one place takes.
    private static let placeBytes = 32

    private unowned let selector: any ZipSelector
    private let budget: ZipBudget
    private var state = State.start
    private var held: [UInt8] = []
    /// Where in the archive the next byte lies.
    private var offset: Int64 = 0
    private var latest: UInt32 = 0
    private var inflate: InflateStream?
    private var window: [UInt8] = []

    // The member that is being read.
    private var header = ZipLocalHeader()
    private var memberOffset: Int64 = 0
    private var reading: (any EntryReading)?
    /// Whether its CRC is to be right: somebody reads it.
    private var isTaken = false
    private var crc: UInt = 0
    private var unpackedBytes: Int64 = 0
    private var packedBytes: Int64 = 0

    /// Members that somebody wanted, by their place.
    private var taken: Set<Int64> = []
    /// What the directory says of wanted names: where they are.
    private var listed: [Int64] = []
    private var directoryStart: Int64?
    private var statedDirectoryStart: Int64?

    /// - Parameter selector: outlives the reader.
    public init(_ selector: any ZipSelector, budget: ZipBudget) {
        self.selector = selector
        self.budget = budget
    }

    /// Takes the next bytes.
    public func take(_ bytes: UnsafeRawBufferPointer) throws(ZipError) { try process(bytes) }

    /// The archive is over.
    ///
    /// - Returns: the places of the wanted members that the directory lists: those count.
    /// - Throws: if it is cut off, or its directory lists a wanted member that is not there.
    public func finish() throws(ZipError) -> Set<Int64> {
        switch state {
        case .over: break
        case .start: throw ZipError("it is no zip archive")
        default: throw ZipError("it is cut off")
        }
        // Offsets count from the archive's start, or from the first byte of the program before it.
        let base = (directoryStart ?? 0) - (statedDirectoryStart ?? 0)
        let places = listed.map { $0 &+ base }
        guard places.allSatisfy({ taken.contains($0) }) else {
            throw ZipError("its directory lists a member that is not there")
        }
        return Set(places)
    }

    /// No more bytes come, though the answer may be asked for later: gives back what only reading needs.
    public func close() {
        inflate = nil
        window = []
    }

    // MARK: Parts

    private func process(_ bytes: UnsafeRawBufferPointer) throws(ZipError) {
        var rest = bytes
        while !rest.isEmpty {
            let used: Int
            switch state {
            case .start: used = try search(rest)
            case .collecting(let part, let count): used = try collect(rest, part, count)
            case .skipping(let left):
                used = Int(min(left, Int64(rest.count)))
                advance(used)
                state = .skipping(left: left - Int64(used))
                if Int64(used) == left { next() }
            case .stored(let left): used = try store(rest, left)
            case .deflated(let left): used = try unpack(rest, left)
            case .over:
                throw ZipError("something follows its end")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
    }

    private func advance(_ count: Int) { offset += Int64(count) }

    /// Reads bytes again that were taken too early.
    private func goBack(_ bytes: [UInt8]) throws(ZipError) {
        guard !bytes.isEmpty else { return }
        offset -= Int64(bytes.count)
        try bytes.withUnsafeBytes { bytes in Result { () throws(ZipError) in try process(bytes) } }.get()
    }

    private func collect(_ bytes: UnsafeRawBufferPointer, _ part: Part, _ count: Int) throws(ZipError) -> Int {
        let used = min(count - held.count, bytes.count)
        held += bytes.prefix(used)
        advance(used)
        if held.count == count { try complete(part) }
        return used
    }

    private func expect(_ part: Part, bytes: Int) { state = .collecting(part, bytes: bytes) }

    /// The next record follows.
    private func next() {
        held.removeAll(keepingCapacity: true)
        expect(.signature, bytes: 4)
    }

    private func search(_ bytes: UnsafeRawBufferPointer) throws(ZipError) -> Int {
        for (index, byte) in bytes.enumerated() {
            latest = latest >> 8 | UInt32(byte) << 24
            // An archive without members is only its end.
            guard latest == ZipRecords.local || latest == ZipRecords.end else { continue }
            advance(index + 1)
            held = [latest, latest >> 8, latest >> 16, latest >> 24].map { UInt8(truncatingIfNeeded: $0) }
            try begin()
            return index + 1
        }
        advance(bytes.count)
        guard offset <= Self.prologueBytesMax else { throw ZipError("it is no zip archive") }
        return bytes.count
    }

    private func complete(_ part: Part) throws(ZipError) {
        switch part {
        case .signature: try begin()
        case .local:
            let names = Int(held.u16(26)) + Int(held.u16(28))
            if names > 0 { expect(.localNames, bytes: ZipRecords.localBytes + names) } else { try beginMember() }
        case .localNames: try beginMember()
        case .descriptor: try endOfDescriptor()
        case .central:
            let names = Int(held.u16(28)) + Int(held.u16(30)) + Int(held.u16(32))
            if names > 0 { expect(.centralNames, bytes: ZipRecords.centralBytes + names) } else { try list() }
        case .centralNames: try list()
        case .end64:
            let size = held.u64(4)
            statedDirectoryStart = Int64(exactly: held.u64(48))
            guard statedDirectoryStart != nil, size >= 44, size <= 1 << 20 else {
                throw ZipError("its end record is damaged")
            }
            if size > 44 { state = .skipping(left: Int64(size) - 44) } else { next() }
        case .locator: next()
        case .end:
            if statedDirectoryStart == nil { statedDirectoryStart = Int64(held.u32(16)) }
            let comment = Int(held.u16(20))
            if comment > 0 { expect(.comment, bytes: ZipRecords.endBytes + comment) } else { state = .over }
        case .comment: state = .over
        }
    }

    private func begin() throws(ZipError) {
        let start = offset - 4
        switch held.u32(0) {
        case ZipRecords.local:
            guard directoryStart == nil else { throw ZipError("a member follows its directory") }
            memberOffset = start
            expect(.local, bytes: ZipRecords.localBytes)
        case ZipRecords.central:
            directoryStart = directoryStart ?? start
            expect(.central, bytes: ZipRecords.centralBytes)
        case ZipRecords.end64:
            directoryStart = directoryStart ?? start
            expect(.end64, bytes: ZipRecords.end64Bytes)
        case ZipRecords.locator: expect(.locator, bytes: ZipRecords.locatorBytes)
        case ZipRecords.end:
            directoryStart = directoryStart ?? start
            expect(.end, bytes: ZipRecords.endBytes)
        default: throw ZipError("something that is no record lies at byte \(start)")
        }
    }

    // MARK: Members

    private func beginMember() throws(ZipError) {
        header = try ZipLocalHeader(held)
        (crc, unpackedBytes, packedBytes) = (0, 0, 0)
        if let reason = header.unreadable {
            isTaken = false
            reading = nil
            if selector.wants(header.name) {
                try take()
                selector.unreadable(header.name, at: memberOffset, reason: reason)
            }
        } else {
            isTaken = selector.wants(header.name)
            if isTaken { try take() }
            reading = isTaken ? selector.reading(header.name, at: memberOffset) : nil
        }
        held.removeAll(keepingCapacity: true)
        switch (header.method, header.packedBytes) {
        case (8, let packed) where packed == nil || isTaken:
            if let inflate {
                inflate.restart()
            } else {
                guard let stream = InflateStream(.none) else { throw ZipError("no memory for its decoder") }
                inflate = stream
                window = [UInt8](repeating: 0, count: Self.windowBytes)
            }
            state = .deflated(left: packed)
        case (0, let packed?) where isTaken:
            state = .stored(left: packed)
            if packed == 0 { try endOfMember() }
        case (_, let packed?):
            state = .skipping(left: packed)
            if packed == 0 { next() }
        case (_, nil): throw ZipError("member \(header.name.prefix(100)) does not say where it ends")
        }
    }

    private func take() throws(ZipError) {
        guard taken.insert(memberOffset).inserted, taken.count <= Self.listedMax else {
            throw ZipError("it has more members of interest than the limit listedMax = \(Self.listedMax)")
        }
        try budget.hold(Self.placeBytes)
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        guard isTaken else { return }
        crc = crc32(crc, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(bytes.count))
        if let reading, !reading.take(bytes) { endReading() }
    }

    private func endReading() {
        reading?.finish()
        reading = nil
    }

    private func store(_ bytes: UnsafeRawBufferPointer, _ left: Int64) throws(ZipError) -> Int {
        let used = Int(min(left, Int64(bytes.count)))
        deliver(UnsafeRawBufferPointer(rebasing: bytes[..<used]))
        advance(used)
        unpackedBytes += Int64(used)
        state = .stored(left: left - Int64(used))
        if Int64(used) == left { try endOfMember() }
        return used
    }

    private func unpack(_ bytes: UnsafeRawBufferPointer, _ left: Int64?) throws(ZipError) -> Int {
        guard let inflate else { preconditionFailure("it was made when the member began") }
        let usable = UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(min(left ?? .max, Int64(bytes.count)))))
        var used = 0
        while true {
            let input = UnsafeRawBufferPointer(rebasing: usable[used...])
            let step = window.withUnsafeMutableBytes { inflate.step(input, into: $0) }
            used += step.consumed
            unpackedBytes += Int64(step.produced)
            try budget.spend(step.produced)
            window.withUnsafeBytes { deliver(UnsafeRawBufferPointer(rebasing: $0[..<step.produced])) }
            if let damage = step.damage { throw ZipError("member \(header.name.prefix(100)): \(damage)") }
            if step.isOver {
                advance(used)
                try endOfData(early: inflate.unused, left: left.map { $0 - Int64(used) }, used: used)
                return used
            }
            if used == usable.count, step.produced < Self.windowBytes { break }
            guard step.consumed > 0 || step.produced > 0 else {
                throw ZipError("member \(header.name.prefix(100)): the decoder makes no progress")
            }
        }
        advance(used)
        packedBytes += Int64(used)
        if let left, left == Int64(used) { throw ZipError("member \(header.name.prefix(100)) is cut off") }
        state = .deflated(left: left.map { $0 - Int64(used) })
        return used
    }

    private func endOfData(early: [UInt8], left: Int64?, used: Int) throws(ZipError) {
        packedBytes += Int64(used) - Int64(early.count)
        if let left {
            guard left + Int64(early.count) == 0 else {
                throw ZipError("member \(header.name.prefix(100)) is followed by something")
            }
            return try endOfMember()
        }
        expect(.descriptor, bytes: ZipRecords.descriptorBytesMax + 4)
        try goBack(early)
    }

    /// A member whose sizes were told before it, and whose bytes are over.
    private func endOfMember() throws(ZipError) {
        try check(crc: header.crc, unpacked: header.unpackedBytes)
        endReading()
        next()
    }

    private func check(crc stated: UInt32, unpacked: Int64?) throws(ZipError) {
        guard unpacked == nil || unpacked == unpackedBytes else {
            throw ZipError("member \(header.name.prefix(100)) has another size than it says")
        }
        guard !isTaken || UInt32(truncatingIfNeeded: crc) == stated else {
            throw ZipError("member \(header.name.prefix(100)) does not match its checksum")
        }
    }

    /// Sizes after a member: with or without a signature, of four or of eight bytes. What fits, with a record behind
    /// it, is what it is.
    private func endOfDescriptor() throws(ZipError) {
        guard let form = ZipRecords.descriptor(held, packed: packedBytes, unpacked: unpackedBytes) else {
            throw ZipError("what follows member \(header.name.prefix(100)) does not say its size")
        }
        try check(crc: form.crc, unpacked: nil)
        endReading()
        let early = Array(held[form.bytes...])
        next()
        try goBack(early)
    }

    // MARK: Directory

    private func list() throws(ZipError) {
        let entry = try ZipCentralEntry(held)
        if selector.wants(entry.name) {
            guard listed.count < Self.listedMax else {
                throw ZipError("it has more members of interest than the limit listedMax = \(Self.listedMax)")
            }
            try budget.hold(Self.placeBytes)
            listed.append(entry.offset)
        }
        next()
    }
}
