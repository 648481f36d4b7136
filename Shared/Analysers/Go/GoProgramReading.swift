import LayerArchive
import Model

/// Finds the build information in a program that passes by. It begins at a multiple of 16, so only every sixteenth
/// place is looked at: other programs cost next to nothing.
final class GoProgramReading: FileReading {
    /// The build information of the largest programs has some 100 KiB.
    static let buildInfoBytesMax = 4 << 20
    /// Where UPX says in a program's first bytes that it packed it.
    private static let upxWithin = 1024
    private static let step = 16

    private enum State {
        case looking
        case collecting
        case found(GoBuildInfo)
        case failed(AnalysisError)
    }

    private let path: EntryPath
    private var state = State.looking
    /// Bytes that do not make a step yet, or the build information as far as it came.
    private var held: [UInt8] = []
    private var beginning: [UInt8] = []
    private var isPacked = false

    init(_ path: EntryPath) { self.path = path }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if beginning.count < Self.upxWithin, !isPacked {
            beginning += bytes.prefix(Self.upxWithin - beginning.count)
            isPacked = beginning.contains(Array("UPX!".utf8))
            if isPacked { return false }
        }
        var rest = bytes
        while true {
            switch state {
            case .looking:
                guard let place = look(in: &rest) else { return true }
                held = place
                state = .collecting
            case .collecting:
                guard collect(&rest) else { return isUndecided }
            case .found, .failed: return isUndecided
            }
        }
    }

    /// Whether it is packed is known only after its first bytes, whatever was found in them.
    private var isUndecided: Bool {
        switch state {
        case .looking, .collecting: true
        case .found, .failed: beginning.count < Self.upxWithin
        }
    }

    // MARK: Looking

    /// Looks at every step; what is left over waits for the next piece.
    /// - Returns: the step that build information begins with.
    private func look(in rest: inout UnsafeRawBufferPointer) -> [UInt8]? {
        if !held.isEmpty {
            let count = min(Self.step - held.count, rest.count)
            held += rest.prefix(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            guard held.count == Self.step else { return nil }
            defer { held = [] }
            if held.withUnsafeBytes({ GoBuildInfo.begins($0, at: 0) }) { return held }
        }
        let whole = rest.count / Self.step * Self.step
        var place = 0
        let word = GoBuildInfo.markWord
        while place < whole {
            if rest.loadUnaligned(fromByteOffset: place, as: UInt64.self) == word, GoBuildInfo.begins(rest, at: place) {
                let found = Array(rest[place..<place + Self.step])
                rest = UnsafeRawBufferPointer(rebasing: rest[(place + Self.step)...])
                return found
            }
            place += Self.step
        }
        held = Array(rest[whole...])
        rest = UnsafeRawBufferPointer(rebasing: rest[rest.count...])
        return nil
    }

    // MARK: Collecting

    /// Takes as much as the build information still needs.
    /// - Returns: false when there is nothing more to take for now.
    private func collect(_ rest: inout UnsafeRawBufferPointer) -> Bool {
        switch GoBuildInfo.read(held) {
        case .needs(let bytes):
            guard bytes <= Self.buildInfoBytesMax else {
                state = .failed(
                    AnalysisError(
                        "its build information has more bytes than the limit buildInfoBytesMax = "
                            + "\(Self.buildInfoBytesMax)"))
                return true
            }
            guard !rest.isEmpty else { return false }
            let count = min(bytes - held.count, rest.count)
            held += rest.prefix(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        case .done(let info): state = .found(info)
        case .old: state = .failed(AnalysisError("it was built with Go before 1.18, whose modules are not read"))
        case .other: leave()
        }
        return true
    }

    /// It only looked like build information (the `go` command holds its mark, too): on with what came after it. So
    /// little was taken by then that looking at it again costs nothing.
    private func leave() {
        let again = Array(held.dropFirst(Self.step))
        held = []
        state = .looking
        again.withUnsafeBytes { bytes in
            var rest = bytes
            if let place = look(in: &rest) {
                held = place + rest
                state = .collecting
            }
        }
    }

    // MARK: End

    func finish() throws(AnalysisError) -> FileFindings {
        if isPacked {
            let reason = "it is packed with UPX: what it is made of cannot be read"
            return FileFindings(undetermined: [Undetermined(what: path.description, reason: reason)])
        }
        switch state {
        case .looking: return FileFindings()
        case .collecting: throw AnalysisError("its build information is cut off")
        case .found(let info): return FileFindings(packages: try info.packages())
        case .failed(let error): throw error
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ wanted: [UInt8]) -> Bool {
        guard count >= wanted.count else { return false }
        return (0...(count - wanted.count)).contains { self[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
