import Foundation

/// A regular file that is read at places, never held whole.
final class ArchiveFile {
    let path: String
    let size: Int64
    private let handle: FileHandle

    init(path: String) throws(AdvisoriesError) {
        self.path = path
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw .file(path: path, reason: "it cannot be opened")
        }
        self.handle = handle
        do { size = Int64(clamping: try handle.seekToEnd()) } catch {
            throw .file(path: path, reason: "its size cannot be had")
        }
    }

    deinit { try? handle.close() }

    func read(_ offset: Int64, _ count: Int) throws -> [UInt8] {
        guard count > 0 else { return [] }
        try handle.seek(toOffset: UInt64(offset))
        guard let data = try handle.read(upToCount: count), data.count == count else {
            throw AdvisoriesError.file(path: path, reason: "it ended early; it changed while it was read")
        }
        return Array(data)
    }

    func whole(most: Int) throws(AdvisoriesError) -> Data {
        guard size <= Int64(most) else { throw .record(name: path, reason: "it is larger than \(most) bytes") }
        do { return Data(try read(0, Int(size))) } catch { throw .file(path: path, reason: "\(error)") }
    }
}
