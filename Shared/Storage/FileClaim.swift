import Foundation
import Synchronization

/// A file that this instance of a service has for itself, held by a lock beside it.
///
/// Two processes of one service may have the same data folder (one is active, the others stand by), and each feeds a
/// view of its own: on one file the slower would overwrite rows and positions of the other. So the second takes
/// `<name>-2.<extension>` and so on.
final class FileClaim: Sendable {
    static let instancesMax = 16

    let file: URL
    private let lock: Mutex<FileLock?>

    private init(_ file: URL, _ lock: consuming FileLock) {
        self.file = file
        self.lock = Mutex(lock)
    }

    /// Claims the file, or the first of its siblings that is free.
    static func take(_ file: URL) throws(StorageError) -> FileClaim {
        let folder = file.deletingLastPathComponent()
        do {
            let owner: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: owner)
        } catch {
            throw .unavailable(file: folder.path, reason: "it cannot be created: \(error)")
        }
        for number in 1...instancesMax {
            let candidate = number == 1 ? file : sibling(of: file, number)
            if let lock = try FileLock(path: candidate.path + ".lock", waits: false) {
                return FileClaim(candidate, lock)
            }
        }
        throw .unavailable(file: file.path, reason: "\(instancesMax) instances have files beside it")
    }

    private static func sibling(of file: URL, _ number: Int) -> URL {
        let name = file.deletingPathExtension().lastPathComponent
        return file.deletingLastPathComponent().appending(path: "\(name)-\(number).\(file.pathExtension)")
    }

    func release() { lock.withLock { $0 = nil } }
}
