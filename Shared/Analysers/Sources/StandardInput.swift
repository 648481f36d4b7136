import Foundation
import Model

/// The standard input as a file that can be read anywhere in it, as archives need it.
///
/// A file that was redirected is read where it lies. What comes through a pipe is first written to a temporary file
/// without a name, which ends with the process; its size is bounded by the disk alone.
enum StandardInput {
    private static let folder = "/proc/self/fd/"

    /// What people are told of a path.
    static func name(of path: String) -> String { path.hasPrefix(folder) ? "the standard input" : path }

    /// Reads a pipe to its end, so call it once. Blocks.
    static func path() throws -> String {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { throw failure("read") }
        if status.st_mode & S_IFMT == S_IFREG { return folder + "\(STDIN_FILENO)" }
        guard isatty(STDIN_FILENO) == 0 else {
            throw ScanError(.notFound, "the standard input is a terminal: pipe or redirect an archive into it")
        }
        let folder = FileManager.default.temporaryDirectory.path
        var name = Array((folder + "/pratique-XXXXXX").utf8CString)
        let copy = mkstemp(&name)
        guard copy >= 0 else { throw failure("be copied to \(folder)") }
        unlink(name)
        _ = fcntl(copy, F_SETFD, FD_CLOEXEC)
        try fill(copy, folder)
        return Self.folder + "\(copy)"
    }

    private static func fill(_ copy: Int32, _ folder: String) throws {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = read(STDIN_FILENO, piece.baseAddress, piece.count)
            if count == 0 { return }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("be read") }
            var done = 0
            while done < count {
                let step = write(copy, piece.baseAddress?.advanced(by: done), count - done)
                if step < 0, errno == EINTR { continue }
                guard step > 0 else { throw failure("be copied to \(folder)") }
                done += step
            }
        }
    }

    private static func failure(_ what: String) -> ScanError {
        ScanError(.unreachable, "the standard input cannot \(what): \(String(cString: strerror(errno)))")
    }
}
