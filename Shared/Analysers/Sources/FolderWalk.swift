import Foundation
import Model

/// Everything below a folder, parents first, by the bytes of the names. Links are not followed.
struct FolderWalk {
    struct Entry {
        enum Kind: Equatable {
            case directory
            case file
            case link(target: [UInt8])
        }
        /// From the folder, without a slash in front.
        var path: [UInt8]
        var kind: Kind
        /// Permission bits.
        var mode: UInt32
        var sizeBytes: Int64
    }

    private let root: [UInt8]
    private let device: dev_t

    init(_ folder: String) throws {
        root = Array(folder.utf8)
        var status = stat()
        guard Self.withPath(root, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ScanError(.notFound, "\(folder) is no folder")
        }
        device = status.st_dev
    }

    func visit(_ take: (Entry) throws -> Void) throws {
        var waiting: [[UInt8]] = [[]]
        while let folder = waiting.popLast() {
            var below: [[UInt8]] = []
            for name in try names(in: folder) {
                let path = folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name
                guard let entry = try entry(path) else { continue }
                try take(entry)
                if entry.kind == .directory { below.append(path) }
            }
            waiting += below.reversed()
        }
    }

    private func full(_ path: [UInt8]) -> [UInt8] { path.isEmpty ? root : root + [UInt8(ascii: "/")] + path }

    private func names(in folder: [UInt8]) throws -> [[UInt8]] {
        guard let stream = Self.withPath(full(folder), { opendir($0) }) else { throw failure("open", folder) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw failure("list", folder) }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// - Returns: nil for what holds nothing: devices, sockets, pipes.
    private func entry(_ path: [UInt8]) throws -> Entry? {
        var status = stat()
        guard Self.withPath(full(path), { lstat($0, &status) }) == 0 else { throw failure("look at", path) }
        let mode = UInt32(status.st_mode) & 0o7777
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Entry(path: path, kind: .file, mode: mode, sizeBytes: Int64(status.st_size))
        case S_IFLNK: return Entry(path: path, kind: .link(target: try target(path)), mode: mode, sizeBytes: 0)
        case S_IFDIR:
            guard status.st_dev == device else {
                throw ScanError(
                    .unsupported, "\(text(path)) is another file system; unmount it, or scan a folder without mounts")
            }
            return Entry(path: path, kind: .directory, mode: mode, sizeBytes: 0)
        default: return nil
        }
    }

    private func target(_ path: [UInt8]) throws -> [UInt8] {
        var bytes = [CChar](repeating: 0, count: 4097)
        let count = Self.withPath(full(path)) { readlink($0, &bytes, 4096) }
        guard count >= 0 else { throw failure("read the link", path) }
        return bytes.prefix(count).map { UInt8(bitPattern: $0) }
    }

    private func text(_ path: [UInt8]) -> String { String(decoding: full(path), as: UTF8.self) }

    private func failure(_ action: String, _ path: [UInt8]) -> ScanError {
        ScanError(.notFound, "cannot \(action) \(text(path)): \(String(cString: strerror(errno)))")
    }

    /// Names may be of any bytes, so they never become a `String` on their way.
    static func withPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (path + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                guard let start = chars.baseAddress else { preconditionFailure("a path ends with a zero") }
                return body(start)
            }
        }
    }
}
