import Foundation

/// Where the files of an uncompressed tar archive lie in it: an `oci-archive` or `docker-archive` is read in place.
///
/// Only headers are read; the last entry of a path counts; symbolic links are kept as data and followed once by
/// `file(at:)`.
public struct TarIndex: Sendable {
    public struct File: Hashable, Sendable {
        public var offset: Int64
        public var sizeBytes: Int64
    }

    private enum Entry: Hashable, Sendable {
        case file(File)
        case link(EntryPath)
    }

    private var entries: [EntryPath: Entry] = [:]
    /// An archive of an image holds some files a layer.
    public static let entriesMax = 100_000

    /// Reads the headers through `read`, which gives up to `count` bytes at an offset, fewer only at the end.
    /// - Throws: `TarIndexError`, or what `read` throws.
    public init(_ read: (_ offset: Int64, _ count: Int) throws -> [UInt8]) throws {
        var offset: Int64 = 0
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var pax: PAXRecords?
        let limits = LayerLimits.standard
        for _ in 0..<Self.entriesMax {
            let block = try read(offset, TarHeader.blockBytes)
            guard block.count == TarHeader.blockBytes else { throw TarIndexError(reason: "the archive is cut off") }
            if block.allSatisfy({ $0 == 0 }) { return }
            do {
                let header = try block.withUnsafeBytes { bytes throws(TarError) in try TarHeader(bytes) }
                let size = pax?.sizeBytes ?? header.sizeBytes
                let body = offset + Int64(TarHeader.blockBytes)
                let isMeta = [UInt8(ascii: "x"), UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "g")].contains(
                    header.type)
                if isMeta, header.sizeBytes > Int64(limits.extensionBytesMax) {
                    throw TarError("a long name is too long")
                }
                switch header.type {
                case UInt8(ascii: "L"): longName = Array(try read(body, Int(header.sizeBytes)).prefix { $0 != 0 })
                case UInt8(ascii: "K"): longLink = Array(try read(body, Int(header.sizeBytes)).prefix { $0 != 0 })
                case UInt8(ascii: "x"): pax = try PAXRecords(try read(body, Int(header.sizeBytes)))
                case UInt8(ascii: "g"): break
                default:
                    add(
                        header, name: longName ?? pax?.path ?? header.name,
                        link: longLink ?? pax?.linkPath ?? header.linkName, body, size)
                    (longName, longLink, pax) = (nil, nil, nil)
                }
                let hasBody = !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.type)
                let stored = isMeta ? header.sizeBytes : hasBody ? size : 0
                guard stored >= 0, stored < Int64.max / 4, body < Int64.max / 4 else {
                    throw TarError("an entry is too large")
                }
                offset = body + (stored + 511) / 512 * 512
            } catch let error as TarError { throw TarIndexError(reason: "at byte \(offset): \(error.what)") }
        }
        throw TarIndexError(reason: "the archive has more than \(Self.entriesMax) entries")
    }

    private mutating func add(_ header: TarHeader, name: [UInt8], link: [UInt8], _ body: Int64, _ size: Int64) {
        guard let path = EntryPath(name), !path.isRoot else { return }
        switch header.type {
        case UInt8(ascii: "0"), UInt8(ascii: "7"): entries[path] = .file(File(offset: body, sizeBytes: size))
        case UInt8(ascii: "1"): if let target = EntryPath(link) { entries[path] = .link(target) }
        case UInt8(ascii: "2"):
            // `docker save` links a layer that is there twice: `../ID/layer.tar`.
            var parts = path.parent.components.map { Array($0) }
            for part in link.split(separator: UInt8(ascii: "/")) {
                if part.elementsEqual("..".utf8) { _ = parts.popLast() } else { parts.append(Array(part)) }
            }
            if let target = EntryPath(Array(parts.joined(separator: [UInt8(ascii: "/")]))) {
                entries[path] = .link(target)
            }
        default: break
        }
    }

    public func file(at path: EntryPath) -> File? {
        switch entries[path] {
        case .file(let file): return file
        case .link(let target): if case .file(let file) = entries[target] { return file } else { return nil }
        case nil: return nil
        }
    }
}

public struct TarIndexError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
}
