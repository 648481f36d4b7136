import Foundation
import LayerArchive
import Model

/// An OCI image layout (OCI image specification §Image Layout), as a folder or as a tar archive.
struct OCILayoutSource: ImageSource {
    private static let bytesMax = 16 << 20

    let name: String
    private let files: FileTree
    private let tag: String?

    init(name: String, files: FileTree, tag: String?) {
        self.name = name
        self.files = files
        self.tag = tag
    }

    func root() async throws -> SourceDocument {
        try await OwnThread.run("image-root") { try rootDocument() }
    }

    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        try await OwnThread.run("image-manifest") { try document(descriptor) }
    }

    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await OwnThread.run("image-configuration") {
            try files.read(Self.path(descriptor.digest), bytesMax: Self.bytesMax)
        }
    }

    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        try await OwnThread.run("layer-read") { try files.stream(Self.path(descriptor.digest)) { try sink.write($0) } }
    }

    func part(of descriptor: Descriptor, _ range: Range<Int64>) async throws -> [UInt8]? {
        try await OwnThread.run("layer-read") { try files.read(Self.path(descriptor.digest), range) }
    }

    private static func path(_ digest: Digest) throws -> EntryPath {
        guard let path = EntryPath("blobs/\(digest.algorithm.rawValue)/\(digest.hex)") else {
            throw ScanError(.corrupt, "bad digest \(digest)")
        }
        return path
    }

    private func document(_ descriptor: Descriptor) throws -> SourceDocument {
        SourceDocument(
            bytes: try files.read(Self.path(descriptor.digest), bytesMax: Self.bytesMax),
            mediaType: descriptor.mediaType,
            digest: descriptor.digest)
    }

    // MARK: The index of the layout

    private func rootDocument() throws -> SourceDocument {
        guard let path = EntryPath("index.json") else { preconditionFailure("index.json is a path") }
        let bytes = try files.read(path, bytesMax: Self.bytesMax)
        let index: ImageIndex
        do { index = try JSONFormat.decode(ImageIndex.self, from: Data(bytes)) } catch {
            throw ScanError(.corrupt, "index.json of \(name): \(JSONFormat.explain(error))")
        }
        let chosen = try choose(index.manifests)
        if chosen.count == 1 { return try document(chosen[0]) }
        // Several manifests under one name: a multi-platform image whose index is the layout's own.
        if chosen.count == index.manifests.count {
            return SourceDocument(bytes: bytes, mediaType: .ociIndex, digest: ImageResolver.digest(of: bytes))
        }
        let part = Array(try JSONFormat.encode(ImageIndex(mediaType: .ociIndex, manifests: chosen)))
        return SourceDocument(bytes: part, mediaType: .ociIndex, digest: ImageResolver.digest(of: part))
    }

    private func choose(_ manifests: [Descriptor]) throws -> [Descriptor] {
        guard !manifests.isEmpty else { throw ScanError(.notFound, "\(name) holds no image") }
        let names = manifests.compactMap { $0.annotations?[Self.refName] }
        let known = Set(names).sorted().joined(separator: ", ")
        guard let tag else {
            // Without a tag: the only image, or one image for several platforms.
            if manifests.count == 1 || (Set(names).count <= 1 && manifests.allSatisfy { $0.platform != nil }) {
                return manifests
            }
            throw ScanError(.notFound, "\(name) holds several images; name one of: \(known)")
        }
        let chosen = manifests.filter { Self.names(of: $0).contains { $0 == tag || $0.hasSuffix(":" + tag) } }
        guard !chosen.isEmpty else {
            throw ScanError(.notFound, "\(name) has no image “\(tag)”; it has: \(known.isEmpty ? "no names" : known)")
        }
        return chosen
    }

    private static let refName = "org.opencontainers.image.ref.name"

    private static func names(of descriptor: Descriptor) -> [String] {
        [refName, "io.containerd.image.name"].compactMap { descriptor.annotations?[$0] } + [descriptor.digest.text]
    }
}
