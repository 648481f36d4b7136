import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock on a file of its own, held by one process (by one holder within it), let go when that process ends.
package struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// - Returns: nil when somebody else holds it.
    package init?(path: String, waits: Bool) throws(StorageError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unavailable(file: path, reason: Self.reason(errno)) }
        while flock(descriptor, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw .unavailable(file: path, reason: Self.reason(code))
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    package consuming func release() {}

    /// The process that wrote its number into the file.
    package static func holder(path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        return "process \(text.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown")"
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
