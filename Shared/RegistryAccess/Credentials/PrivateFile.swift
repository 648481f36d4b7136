import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small files with secrets: read and made with the checks on the open descriptor, so nothing can be swapped in
/// between.
enum PrivateFile {
    struct Refusal: Error {
        let reason: String
    }

    /// - Parameter ownerOnly: refuses a file that its group or others may read or write.
    static func read(_ path: String, bytesMax: Int, ownerOnly: Bool) -> Result<String, Refusal> {
        // Without O_NONBLOCK a named pipe would hold the caller.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(Refusal(reason: reason(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(Refusal(reason: reason(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(Refusal(reason: "is no plain file")) }
        if ownerOnly, status.st_mode & 0o077 != 0 {
            return .failure(Refusal(reason: "others may read it: set its mode to 0600"))
        }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { readMore(descriptor, $0, from: filled) }
            if count < 0 { return .failure(Refusal(reason: reason(errno))) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= bytesMax else { return .failure(Refusal(reason: "has more than \(bytesMax) bytes")) }
        guard let text = String(validating: bytes[..<filled], as: UTF8.self) else {
            return .failure(Refusal(reason: "is not UTF-8"))
        }
        return .success(text)
    }

    /// Makes the file with mode 0600 under a name of its own and links it to its place; one that is there stays.
    static func create(_ path: String, _ text: String) -> Refusal? {
        let draft = path + ".new-\(getpid())-\(UInt32.random(in: .min ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return Refusal(reason: reason(errno)) }
        defer { unlink(draft) }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let synced = written == bytes.count && fsync(descriptor) == 0
        let failure = errno
        close(descriptor)
        guard synced else { return Refusal(reason: reason(failure)) }
        guard link(draft, path) == 0 || errno == EEXIST else { return Refusal(reason: reason(errno)) }
        return nil
    }

    private static func readMore(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, from: Int) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return systemRead(descriptor, base + from, buffer.count - from)
    }

    private static func reason(_ code: Int32) -> String {
        code == ENOENT ? "there is no such file" : String(cString: strerror(code))
    }
}

/// `read` of the system; the name is taken inside `PrivateFile`.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
