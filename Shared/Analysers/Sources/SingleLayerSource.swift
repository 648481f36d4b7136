import LayerArchive
import Model

/// Something that is no image, as an image of one layer: it then goes the way of every image.
///
/// The layer is an archive that is made while it is read and never stored. It is made twice, since a layer is known by
/// its digest. There is no manifest that a registry would know.
struct SingleLayerSource: ImageSource {
    typealias Take = (UnsafeRawBufferPointer) throws -> Void

    let name: String
    let subject: Inventory.Subject?
    private let archive: @Sendable (Take) throws -> Void
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
    /// - Parameter archive: hands over a tar archive, each time the same.
    private init(
        name: String, subject: Inventory.Subject, archive: @escaping @Sendable (Take) throws -> Void
    ) throws {
        self.name = name
        self.subject = subject
        self.archive = archive
        var hash = ContentHash()
        var size: Int64 = 0
        try archive { piece in
            hash.update(piece)
            size += Int64(piece.count)
        }
        let digest = Digest(sha256: hash.finish())
        configuration = Array(try JSONFormat.encode(Configuration(rootfs: .init(diff_ids: [digest]))))
        let manifest = Manifest(
            mediaType: .ociManifest,
            config: Descriptor(
                mediaType: .ociConfiguration, digest: ImageResolver.digest(of: configuration),
                size: Int64(configuration.count)),
            layers: [Descriptor(mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digest, size: size)])
        bytes = Array(try JSONFormat.encode(manifest))
    }

    /// A root file system. Blocks.
    static func folder(_ folder: String, name: String) throws -> Self {
        try SingleLayerSource(name: name, subject: .rootFileSystem) { try FolderArchive.write(folder, $0) }
    }

    /// A bill of materials, by which nothing is known but its packages. Blocks.
    static func bill(_ file: String, name: String) throws -> Self {
        let file = try OpenFile(file)
        guard file.sizeBytes <= Int64(BillReader.bytesMax) else {
            throw ScanError(
                .overLimit,
                "\(name) has \(file.sizeBytes) bytes, over the limit of \(BillReader.bytesMax) for a bill of materials")
        }
        let bytes = try file.read(at: 0, count: Int(file.sizeBytes))
        let entry = FolderWalk.Entry(
            path: Array(BillAnalyser.soleFileName.utf8), kind: .file, mode: 0o644, sizeBytes: Int64(bytes.count))
        return try SingleLayerSource(name: name, subject: .billOfMaterials) { take in
            try TarHeaderBytes.of(entry).withUnsafeBytes(take)
            try bytes.withUnsafeBytes(take)
            try TarHeaderBytes.padding(behind: entry.sizeBytes).withUnsafeBytes(take)
            try TarHeaderBytes.end.withUnsafeBytes(take)
        }
    }

    func root() async throws -> SourceDocument { SourceDocument(bytes: bytes, mediaType: .ociManifest, digest: nil) }

    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        throw ScanError(.notFound, "\(name) holds no manifest \(descriptor.digest)")
    }

    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] { configuration }

    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        try await OwnThread.run("layer-read") { try archive { try sink.write($0) } }
    }
}
