import Foundation
import LayerArchive

/// Files of an image that lies on this machine, in a folder or inside an archive, read in place.
struct FileTree: Sendable {
    private enum Kind: Sendable {
        case folder(String)
        case archive(String, TarIndex)
    }

    private static let pieceBytes = 256 << 10
    private let kind: Kind

    /// Blocks; call it on a thread of its own.
    static func folder(_ path: String) -> FileTree { FileTree(kind: .folder(path)) }

    /// Reads the archive's headers. Blocks.
    static func archive(_ path: String) throws -> FileTree {
        let file = try OpenFile(path)
        let head = try file.read(at: 0, count: 6)
        if head.starts(with: [0x1F, 0x8B]) || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            || head.starts(with: Array("BZh".utf8))
        {
            throw ScanError(
                .unsupported, "\(StandardInput.name(of: path)) is compressed as a whole: decompress it first")
        }
        do { return FileTree(kind: .archive(path, try TarIndex { try file.read(at: $0, count: $1) })) } catch let error
            as TarIndexError
        {
            throw ScanError(.corrupt, "\(StandardInput.name(of: path)): \(error.reason)")
        }
    }

    func size(of path: EntryPath) throws -> Int64? {
        switch kind {
        case .archive(_, let index): return index.file(at: path)?.sizeBytes
        case .folder(let folder):
            let full = folder + "/" + path.description
            guard FileManager.default.fileExists(atPath: full) else { return nil }
            return try OpenFile(full).sizeBytes
        }
    }

    /// A whole file of at most `bytesMax`.
    func read(_ path: EntryPath, bytesMax: Int) throws -> [UInt8] {
        guard let size = try size(of: path) else { throw ScanError(.notFound, "\(name) has no file \(path)") }
        guard size <= Int64(bytesMax) else {
            throw ScanError(.overLimit, "\(path) of \(name) has \(size) bytes, over the limit of \(bytesMax)")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        try stream(path) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// A part of a file.
    func read(_ path: EntryPath, _ range: Range<Int64>) throws -> [UInt8] {
        let (file, extent) = try open(path)
        guard range.lowerBound >= 0, range.upperBound <= Int64(extent.count) else {
            throw ScanError(.corrupt, "\(path) of \(name) is cut off")
        }
        return try file.read(at: extent.lowerBound + range.lowerBound, count: range.count)
    }

    /// Hands over a file piece by piece.
    func stream(_ path: EntryPath, _ take: (UnsafeRawBufferPointer) throws -> Void) throws {
        let (file, extent) = try open(path)
        var offset = extent.lowerBound
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 64)
        defer { piece.deallocate() }
        while offset < extent.upperBound {
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: piece[..<Int(min(Int64(Self.pieceBytes), extent.upperBound - offset))])
            let count = try file.read(at: offset, into: wanted)
            guard count > 0 else { throw ScanError(.corrupt, "\(path) of \(name) is cut off") }
            try take(UnsafeRawBufferPointer(rebasing: wanted[..<count]))
            offset += Int64(count)
        }
    }

    /// The file that holds a file, and where in it.
    private func open(_ path: EntryPath) throws -> (file: OpenFile, extent: Range<Int64>) {
        switch kind {
        case .folder(let folder):
            let full = folder + "/" + path.description
            guard FileManager.default.fileExists(atPath: full) else {
                throw ScanError(.notFound, "\(name) has no file \(path)")
            }
            let file = try OpenFile(full)
            return (file, 0..<file.sizeBytes)
        case .archive(let archive, let index):
            guard let entry = index.file(at: path) else { throw ScanError(.notFound, "\(name) has no file \(path)") }
            return (try OpenFile(archive), entry.offset..<entry.offset + entry.sizeBytes)
        }
    }

    var name: String {
        switch kind {
        case .folder(let path), .archive(let path, _): StandardInput.name(of: path)
        }
    }
}

/// A file that is open for reading.
final class OpenFile {
    private let descriptor: Int32
    private let path: String
    let sizeBytes: Int64

    convenience init(_ path: String) throws { try self.init(bytes: Array(path.utf8)) }

    /// - Parameter bytes: a path, of any bytes.
    init(bytes: [UInt8]) throws {
        let path = String(decoding: bytes, as: UTF8.self)
        let descriptor = FolderWalk.withPath(bytes) { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw ScanError(.notFound, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ScanError(.notFound, "\(path) is not a regular file")
        }
        self.descriptor = descriptor
        self.path = path
        sizeBytes = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// - Returns: how many bytes were read; 0 at the end.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw ScanError(
                    .unreachable, "cannot read \(path): \(String(cString: strerror(errno)))", isTransient: true)
            }
        }
    }

    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        var done = 0
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let step = try read(
                    at: offset + Int64(done),
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[done...]))
                if step == 0 { break }
                done += step
            }
            initialized = done
        }
    }
}
