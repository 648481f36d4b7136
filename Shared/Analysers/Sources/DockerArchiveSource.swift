import Foundation
import LayerArchive
import Model

/// What `docker save` writes: a tar archive with `manifest.json`, configurations and layers (Docker image specification
/// v1.2).
///
/// It has no manifest that a registry would know: the image is known by the digest of its configuration. Layers are
/// named by
/// their diff_id, which is the digest of what the archive holds as long as it is not compressed; else they are hashed
/// first.
struct DockerArchiveSource: ImageSource {
    private static let bytesMax = 16 << 20

    private struct Entry: Decodable {
        var Config: String
        var RepoTags: [String]?
        var Layers: [String]
    }

    let name: String
    private let files: FileTree
    private let image: Manifest
    private let bytes: [UInt8]
    private let paths: [Digest: EntryPath]

    /// Blocks.
    /// - Parameter reference: which image, where the archive holds several: `repository:tag`.
    init(name: String, files: FileTree, reference: String?) throws {
        self.name = name
        self.files = files
        let entry = try Self.entry(files, name, reference)
        let configuration = try files.read(Self.path(entry.Config, name), bytesMax: Self.bytesMax)
        let configurationDigest = ImageResolver.digest(of: configuration)
        let diffIDs: [Digest]
        do { diffIDs = try ImageConfigurationParser.parse(configuration, platform: nil).configuration.diffIDs } catch {
            throw ScanError(.corrupt, "the configuration \(entry.Config) of \(name): \(error.reason)")
        }
        guard diffIDs.count == entry.Layers.count else {
            throw ScanError(
                .corrupt, "\(name) has \(entry.Layers.count) layers; its configuration names \(diffIDs.count)")
        }
        var paths = [configurationDigest: try Self.path(entry.Config, name)]
        var layers: [Descriptor] = []
        for (layer, diffID) in zip(entry.Layers, diffIDs) {
            let path = try Self.path(layer, name)
            let (digest, size, type) = try Self.identity(of: path, files, diffID)
            paths[digest] = path
            layers.append(Descriptor(mediaType: type, digest: digest, size: size))
        }
        image = Manifest(
            mediaType: .dockerManifest,
            config: Descriptor(
                mediaType: .dockerConfiguration, digest: configurationDigest, size: Int64(configuration.count)),
            layers: layers)
        bytes = Array(try JSONFormat.encode(image))
        self.paths = paths
    }

    private static func path(_ text: String, _ name: String) throws -> EntryPath {
        guard let path = EntryPath(text), !path.isRoot else {
            throw ScanError(.corrupt, "\(name) names a file outside itself: \(text.prefix(200))")
        }
        return path
    }

    private static func entry(_ files: FileTree, _ name: String, _ reference: String?) throws -> Entry {
        let bytes = try files.read(path("manifest.json", name), bytesMax: bytesMax)
        let entries: [Entry]
        do { entries = try JSONFormat.decode([Entry].self, from: Data(bytes)) } catch {
            throw ScanError(.corrupt, "manifest.json of \(name): \(JSONFormat.explain(error))")
        }
        let tags = entries.flatMap { $0.RepoTags ?? [] }.joined(separator: ", ")
        guard let reference else {
            guard entries.count == 1 else {
                throw ScanError(
                    .notFound, "\(name) holds \(entries.count) images" + (tags.isEmpty ? "" : "; name one of: \(tags)"))
            }
            return entries[0]
        }
        guard
            let entry = entries.first(where: {
                ($0.RepoTags ?? []).contains { $0 == reference || $0.hasSuffix("/" + reference) }
            })
        else {
            throw ScanError(.notFound, "\(name) has no image “\(reference)”; it has: \(tags)")
        }
        return entry
    }

    private static func identity(
        of path: EntryPath, _ files: FileTree, _ diffID: Digest
    ) throws -> (digest: Digest, size: Int64, type: MediaType) {
        guard let size = try files.size(of: path) else {
            throw ScanError(.notFound, "\(files.name) has no file \(path)")
        }
        var head: [UInt8] = []
        var hash = ContentHash()
        struct Enough: Error {}
        do {
            try files.stream(path) { piece in
                if head.isEmpty {
                    head = Array(piece.prefix(6))
                    let isCompressed = head.starts(with: [0x1F, 0x8B]) || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
                    if !isCompressed { throw Enough() }
                }
                hash.update(piece)
            }
        } catch is Enough { return (diffID, size, "application/vnd.docker.image.rootfs.diff.tar") }
        guard !head.isEmpty else { return (diffID, size, "application/vnd.docker.image.rootfs.diff.tar") }
        let isGzip = head.starts(with: [0x1F, 0x8B])
        return (
            Digest(sha256: hash.finish()), size,
            isGzip ? "application/vnd.docker.image.rootfs.diff.tar.gzip" : "application/vnd.oci.image.layer.v1.tar+zstd"
        )
    }

    func root() async throws -> SourceDocument { SourceDocument(bytes: bytes, mediaType: .dockerManifest, digest: nil) }

    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        throw ScanError(.notFound, "\(name) holds no manifest \(descriptor.digest)")
    }

    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] {
        let path = try path(of: descriptor)
        return try await OwnThread.run("image-configuration") { try files.read(path, bytesMax: Self.bytesMax) }
    }

    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        let path = try path(of: descriptor)
        try await OwnThread.run("layer-read") { try files.stream(path) { try sink.write($0) } }
    }

    private func path(of descriptor: Descriptor) throws -> EntryPath {
        guard let path = paths[descriptor.digest] else {
            throw ScanError(.notFound, "\(name) holds no blob \(descriptor.digest)")
        }
        return path
    }
}
