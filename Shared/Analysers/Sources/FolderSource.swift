import Foundation
import LayerArchive
import Model

/// A root file system in a folder, such as one that `debootstrap` made, as an image of one layer.
///
/// The layer is an archive that is made while it is read and never stored; the folder is read twice, since a layer is
/// known by its digest. It holds directories, files and symbolic links by the names and permission bits that they have;
/// devices, sockets and pipes hold nothing.
///
/// **Limits.** What cannot be read ends the scan, as does another file system that is mounted in the folder: neither is
/// passed over. A folder that changes meanwhile is told as damaged. It is no image of a registry's, so it has no
/// manifest.
struct FolderSource: ImageSource {
    let name: String
    private let folder: String
    private let layer: Descriptor
    private let bytes: [UInt8]
    private let configuration: [UInt8]

    private struct Configuration: Encodable {
        struct RootFS: Encodable {
            var type = "layers"
            var diff_ids: [Digest]
        }
        var architecture = "unknown"
        var os = "linux"
        var rootfs: RootFS
    }

    /// Blocks.
    init(name: String, folder: String) throws {
        self.name = name
        self.folder = folder
        var hash = ContentHash()
        var size: Int64 = 0
        try Self.archive(of: folder) { piece in
            hash.update(piece)
            size += Int64(piece.count)
        }
        let digest = Digest(sha256: hash.finish())
        layer = Descriptor(mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digest, size: size)
        configuration = Array(try JSONFormat.encode(Configuration(rootfs: .init(diff_ids: [digest]))))
        let manifest = Manifest(
            mediaType: .ociManifest,
            config: Descriptor(
                mediaType: .ociConfiguration, digest: ImageResolver.digest(of: configuration),
                size: Int64(configuration.count)),
            layers: [layer])
        bytes = Array(try JSONFormat.encode(manifest))
    }

    func root() async throws -> SourceDocument { SourceDocument(bytes: bytes, mediaType: .ociManifest, digest: nil) }

    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        throw ScanError(.notFound, "\(name) holds no manifest \(descriptor.digest)")
    }

    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] { configuration }

    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        try await OwnThread.run("layer-read") { try Self.archive(of: folder) { try sink.write($0) } }
    }

    // MARK: The archive

    private typealias Take = (UnsafeRawBufferPointer) throws -> Void

    /// The folder's content, in the order of the names' bytes; the same folder gives the same bytes.
    private static func archive(of folder: String, _ take: Take) throws {
        let walk = try FolderWalk(folder)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { piece.deallocate() }
        try walk.visit { entry in
            try TarHeader.bytes(of: entry).withUnsafeBytes(take)
            guard entry.kind == .file else { return }
            try content(of: entry, in: folder, piece, take)
        }
        try [UInt8](repeating: 0, count: 1024).withUnsafeBytes(take)
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
        let padding = Int((512 - entry.sizeBytes % 512) % 512)
        try [UInt8](repeating: 0, count: padding).withUnsafeBytes(take)
    }
}

/// One header of a tar archive in GNU's form, whose long names may be of any bytes (GNU tar manual, "Basic Tar
/// Format").
private enum TarHeader {
    static func bytes(of entry: FolderWalk.Entry) -> [UInt8] {
        switch entry.kind {
        case .directory: named(entry.path + [UInt8(ascii: "/")], entry.mode, 0, UInt8(ascii: "5"))
        case .file: named(entry.path, entry.mode, entry.sizeBytes, UInt8(ascii: "0"))
        case .link(let target): named(entry.path, entry.mode, 0, UInt8(ascii: "2"), target: target)
        }
    }

    private static func named(
        _ name: [UInt8], _ mode: UInt32, _ size: Int64, _ type: UInt8, target: [UInt8] = []
    ) -> [UInt8] {
        long(name, UInt8(ascii: "L")) + long(target, UInt8(ascii: "K")) + block(name, mode, size, type, target)
    }

    /// A name that the header has no room for goes before it, as the content of an entry of its own.
    private static func long(_ name: [UInt8], _ type: UInt8) -> [UInt8] {
        guard name.count > 100 else { return [] }
        let content = name + [0]
        let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        return block(Array("././@LongLink".utf8), 0, Int64(content.count), type, []) + content + padding
    }

    private static func block(
        _ name: [UInt8], _ mode: UInt32, _ size: Int64, _ type: UInt8, _ target: [UInt8]
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, _ offset: Int, _ max: Int) {
            for (index, byte) in bytes.prefix(max).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        put(name, 0, 100)
        put(octal(Int64(mode), digits: 7), 100, 7)
        put(octal(0, digits: 7), 108, 7)
        put(octal(0, digits: 7), 116, 7)
        if size < 1 << 33 {
            put(octal(size, digits: 11), 124, 11)
        } else {
            block[124] = 0x80
            put((0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }, 128, 8)
        }
        put(octal(0, digits: 11), 136, 11)
        block[156] = type
        put(target, 157, 100)
        put("ustar  ".utf8, 257, 7)
        put(Array(repeating: UInt8(ascii: " "), count: 8), 148, 8)
        put(octal(block.reduce(0) { $0 + Int64($1) }, digits: 6) + [0, UInt8(ascii: " ")], 148, 8)
        return block
    }
}
