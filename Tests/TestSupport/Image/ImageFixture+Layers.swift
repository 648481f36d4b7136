public import Foundation
public import Model

extension ImageFixture {
    /// An image of layers that may be compressed, each in its own way.
    ///
    /// - Parameters:
    ///   - configurationMembers: further members of the configuration's JSON object, without the comma.
    ///   - diffIDs: in place of the layers' own.
    public init(
        layers: [LayerFixture], user: String = "", platform: Platform = .linuxAMD64, labels: [String: String] = [:],
        environment: [String] = [], history: [String] = [], created: String? = nil, diffIDs: [Model.Digest]? = nil,
        docker: Bool = false
    ) throws {
        struct Configuration: Encodable {
            struct Config: Encodable {
                var User: String
                var Env: [String]
                var Labels: [String: String]
                var Entrypoint = ["/bin/app"]
                var ExposedPorts = ["8080/tcp": [String: String]()]
            }
            struct RootFS: Encodable {
                var type = "layers"
                var diff_ids: [String]
            }
            struct History: Encodable { var created_by: String }
            var architecture: String
            var os: String
            var variant: String?
            var created: String?
            var config: Config
            var rootfs: RootFS
            var history: [History]
        }
        let document = Configuration(
            architecture: platform.architecture, os: platform.os, variant: platform.variant,
            created: created, config: .init(User: user, Env: environment, Labels: labels),
            rootfs: .init(diff_ids: (diffIDs ?? layers.map(\.diffID)).map(\.text)),
            history: history.map { .init(created_by: $0) })
        try self.init(
            configuration: Array(JSONFormat.encode(document)), layers: layers.map(\.stored),
            descriptors: layers.map(\.descriptor),
            docker: docker)
    }

    /// From parts as they are: descriptors need not fit the layers.
    public init(configuration: [UInt8], layers: [[UInt8]], descriptors: [Descriptor], docker: Bool = false) throws {
        let manifest = Manifest(
            mediaType: docker ? .dockerManifest : .ociManifest,
            config: Self.describe(configuration, docker ? .dockerConfiguration : .ociConfiguration), layers: descriptors
        )
        self.init(
            configuration: configuration, layers: layers, manifest: Array(try JSONFormat.encode(manifest)),
            parsed: manifest)
    }

    /// Writes the image into an OCI image layout, beside what is there already.
    public func write(to folder: URL, tag: String? = nil) throws {
        for bytes in layers + [configuration, manifest] { try OCILayoutFixture.write(bytes, to: folder) }
        try OCILayoutFixture.add(descriptor, to: folder, tag: tag)
    }
}

/// The files of an OCI image layout.
public enum OCILayoutFixture {
    @discardableResult
    public static func write(_ blob: [UInt8], to folder: URL, as digest: Model.Digest? = nil) throws -> Model.Digest {
        let digest = digest ?? ImageFixture.digest(blob)
        let blobs = folder.appending(path: "blobs/sha256")
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        try Data(blob).write(to: blobs.appending(path: digest.hex))
        return digest
    }

    /// Names a manifest or an index in `index.json`.
    public static func add(_ descriptor: Descriptor, to folder: URL, tag: String? = nil) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("{\"imageLayoutVersion\":\"1.0.0\"}".utf8).write(to: folder.appending(path: "oci-layout"))
        let file = folder.appending(path: "index.json")
        var index = ImageIndex(mediaType: .ociIndex, manifests: [])
        if let data = try? Data(contentsOf: file) { index = try JSONFormat.decode(ImageIndex.self, from: data) }
        var named = descriptor
        if let tag {
            named.annotations = (named.annotations ?? [:]).merging(["org.opencontainers.image.ref.name": tag]) { $1 }
        }
        index.manifests.append(named)
        try JSONFormat.encode(index).write(to: file)
    }
}
