import LayerArchive
import Model
import TestSupport

/// Keeps wanted files as they come.
final class KeepingSelector: EntrySelector {
    private let isWanted: (EntryPath) -> Bool
    private(set) var files: [EntryPath: [UInt8]] = [:]
    private(set) var unread: [EntryPath: String] = [:]

    init(_ isWanted: @escaping (EntryPath) -> Bool = { _ in true }) { self.isWanted = isWanted }

    func wants(_ entry: TarEntry) -> Bool { isWanted(entry.path) }
    func take(_ entry: TarEntry, _ content: EntryContent) {
        switch content {
        case .bytes(let bytes): files[entry.path] = Array(bytes)
        case .unread(let reason): unread[entry.path] = reason
        }
    }

    func bytes(_ path: String) -> [UInt8]? { EntryPath(path).flatMap { files[$0] } }

    func text(_ path: String) -> String? {
        EntryPath(path).flatMap { files[$0] }.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Reads a layer whose bytes come in pieces.
enum Reading {
    @discardableResult
    static func read(
        _ layer: LayerFixture, pieces: Int = 64 << 10, limits: LayerLimits = .standard,
        selector: (any EntrySelector)? = nil,
        descriptor: Descriptor? = nil, diffID: Digest? = nil
    ) throws -> LayerSummary {
        let reader = try LayerReader(
            descriptor: descriptor ?? layer.descriptor, diffID: diffID ?? layer.diffID, limits: limits,
            selector: selector)
        try feed(layer.stored, to: reader) { pieces }
        return try reader.finish()
    }

    static func feed(_ bytes: [UInt8], to reader: LayerReader, size: () -> Int) throws {
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + max(1, size()))
            try bytes[position..<end].withUnsafeBytes { try reader.write($0) }
            position = end
        }
    }

    /// Why a layer is refused; nil if it is not.
    static func cause(
        _ layer: LayerFixture, limits: LayerLimits = .standard, selector: (any EntrySelector)? = nil,
        descriptor: Descriptor? = nil,
        diffID: Digest? = nil, pieces: Int = 64 << 10
    ) -> LayerError.Cause? {
        do {
            try read(layer, pieces: pieces, limits: limits, selector: selector, descriptor: descriptor, diffID: diffID)
            return nil
        } catch let error as LayerError { return error.cause } catch { return .stream("\(error)") }
    }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
