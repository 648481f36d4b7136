import Foundation
import LayerArchive

/// A root file system in a folder, such as one that `debootstrap` made, as the archive of one layer.
///
/// It holds directories, files and symbolic links by the names and permission bits that they have; devices, sockets and
/// pipes hold nothing.
///
/// **Limits.** What cannot be read ends the scan, as does another file system that is mounted in the folder: neither is
/// passed over. A folder that changes meanwhile is told as damaged.
enum FolderArchive {
    typealias Take = SingleLayerSource.Take

    /// The folder's content, in the order of the names' bytes; the same folder gives the same bytes.
    static func write(_ folder: String, _ take: Take) throws {
        let walk = try FolderWalk(folder)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { piece.deallocate() }
        try walk.visit { entry in
            try TarHeaderBytes.of(entry).withUnsafeBytes(take)
            guard entry.kind == .file else { return }
            try content(of: entry, in: folder, piece, take)
        }
        try TarHeaderBytes.end.withUnsafeBytes(take)
    }

    private static func content(
        of entry: FolderWalk.Entry, in folder: String, _ piece: UnsafeMutableRawBufferPointer, _ take: Take
    ) throws {
        let file = try OpenFile(bytes: Array(folder.utf8) + [UInt8(ascii: "/")] + entry.path)
        var offset: Int64 = 0
        while offset < entry.sizeBytes {
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: piece[..<Int(min(Int64(piece.count), entry.sizeBytes - offset))])
            let count = try file.read(at: offset, into: wanted)
            guard count > 0 else {
                throw ScanError(.corrupt, "\(folder)/\(String(decoding: entry.path, as: UTF8.self)) became shorter")
            }
            try take(UnsafeRawBufferPointer(rebasing: wanted[..<count]))
            offset += Int64(count)
        }
        try TarHeaderBytes.padding(behind: entry.sizeBytes).withUnsafeBytes(take)
    }
}
