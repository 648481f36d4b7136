import Foundation
import LayerArchive
import Model

/// Finds the list of crates in a program that passes by.
///
/// The table that says where the list lies comes last, when it has passed. So whatever looks like it is read: data of
/// zlib that unpacks to the beginning of such a list. In the end it counts if a section begins right there.
final class RustProgramReading: FileReading {
    /// Unpacked; `cargo auditable` sets itself the same bound.
    static let listBytesMax = 8 << 20
    /// Lists in one program; there is one.
    private static let listsMax = 4
    /// Packed bytes that are enough to unpack the list's first ones.
    private static let trialBytes = 512
    private static let windowBytes = 64 << 10

    private enum Outcome {
        case whole([UInt8])
        case damaged(String)
    }

    private var sections = ProgramSections()
    private var offset: Int64 = 0
    /// What may begin a list, as far as it came.
    private var held: [UInt8] = []
    private var isAtEnd = false
    private var lists: [Int64: Outcome] = [:]
    /// The list that is being unpacked.
    private var current: (start: Int64, json: [UInt8])?
    private var window: [UInt8] = []
    private lazy var inflate = InflateStream(.zlib)

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        sections.take(bytes, at: offset)
        guard sections.isProgram else { return false }
        var rest = bytes
        if !held.isEmpty { rest = finishHeld(rest) }
        while !rest.isEmpty {
            let used = current == nil ? look(rest, from: offset) : unpack(rest)
            offset += Int64(used)
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
        return true
    }

    /// Goes on with what a piece left undecided.
    private func finishHeld(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let before = held
        held = []
        let start = offset - Int64(before.count)
        let joined = before + bytes.prefix(Self.trialBytes + 2)
        offset = start
        let used = joined.withUnsafeBytes { joined -> Int in
            var rest = joined
            // Up to where the piece begins; a list that was found goes on in it.
            while offset < start + Int64(before.count), !rest.isEmpty {
                let used =
                    current == nil ? look(rest, from: offset, until: before.count - Int(offset - start)) : unpack(rest)
                offset += Int64(used)
                rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            }
            return joined.count - rest.count
        }
        return UnsafeRawBufferPointer(rebasing: bytes[(used - before.count)...])
    }

    // MARK: Looking

    /// Looks for a list; what the end of the bytes leaves undecided is held.
    ///
    /// - Parameter limit: only places before it are looked at.
    /// - Returns: how many bytes are done with; a list begins after them if there is a current one.
    private func look(_ bytes: UnsafeRawBufferPointer, from offset: Int64, until limit: Int? = nil) -> Int {
        let end = limit ?? bytes.count
        guard let base = bytes.baseAddress, lists.count < Self.listsMax else { return end }
        var place = 0
        while place < end, let found = memchr(base + place, Int32(UInt8(ascii: "x")), end - place) {
            place = base.distance(to: UnsafeRawPointer(found))
            let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
            switch begins(rest) {
            case true?:
                current = (offset + Int64(place), [])
                inflate?.restart()
                return place + 2
            case false?: place += 1
            case nil:
                held = Array(rest)
                return bytes.count
            }
        }
        return end
    }

    /// Whether a list begins here; nil if more bytes are needed to say: the decoder looks ahead as far as it can, so
    /// that with fewer bytes it may say otherwise.
    private func begins(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        // The second byte of a zlib header without a dictionary (RFC 1950), for each level; no block of type 3.
        guard bytes.count >= 3 else {
            return !isAtEnd && (bytes.count < 2 || Self.levels.contains(bytes[1])) ? nil : false
        }
        guard Self.levels.contains(bytes[1]), bytes[2] & 6 != 6, let inflate else { return false }
        guard isAtEnd || bytes.count >= 2 + Self.trialBytes else { return nil }
        inflate.restart()
        let trial = UnsafeRawBufferPointer(rebasing: bytes[2..<min(bytes.count, 2 + Self.trialBytes)])
        let wanted = RustCrateList.beginning
        return withUnsafeTemporaryAllocation(byteCount: wanted.count, alignment: 1) { room in
            let step = inflate.step(trial, into: room)
            return step.damage == nil && room[..<step.produced].elementsEqual(wanted)
        }
    }

    private static let levels: [UInt8] = [0x01, 0x5E, 0x9C, 0xDA]

    // MARK: Unpacking

    private func unpack(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let inflate, var list = current else { return bytes.count }
        if window.isEmpty { window = [UInt8](repeating: 0, count: Self.windowBytes) }
        current = nil
        var used = 0
        while true {
            let input = UnsafeRawBufferPointer(rebasing: bytes[used...])
            let step = window.withUnsafeMutableBytes { inflate.step(input, into: $0) }
            used += step.consumed
            list.json += window[..<step.produced]
            if let damage = step.damage { return end(list.start, .damaged(damage), used) }
            if step.isOver { return end(list.start, .whole(list.json), used) }
            guard list.json.count <= Self.listBytesMax else {
                return end(list.start, .damaged("it is over the limit listBytesMax = \(Self.listBytesMax)"), used)
            }
            if used == bytes.count, step.produced < Self.windowBytes { break }
            if step.consumed == 0, step.produced == 0 { return end(list.start, .damaged("no progress"), used) }
        }
        current = list
        return used
    }

    private func end(_ start: Int64, _ outcome: Outcome, _ used: Int) -> Int {
        lists[start] = outcome
        return used
    }

    // MARK: End

    func finish() throws(AnalysisError) -> FileFindings {
        isAtEnd = true
        if !held.isEmpty { _ = finishHeld(UnsafeRawBufferPointer(start: nil, count: 0)) }
        if let current { lists[current.start] = .damaged("it is cut off") }
        let starts = lists.isEmpty ? [] : sections.starts
        guard let list = lists.filter({ starts.contains($0.key) }).min(by: { $0.key < $1.key })?.value else {
            return FileFindings()
        }
        switch list {
        case .whole(let json): return FileFindings(packages: try RustCrateList.read(json))
        case .damaged(let reason): throw AnalysisError("its list of crates cannot be read: \(reason)")
        }
    }
}
