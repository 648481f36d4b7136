import Foundation
import Model

/// Reads a manifest that has one meaning only.
struct ManifestDocument {
    enum Failure: Error {
        /// The document contradicts itself, its Content-Type or the specification.
        case bad(String)
        case unsupported(MediaType)
    }

    let mediaType: MediaType
    let parsed: FetchedManifest.Parsed

    /// - Parameter contentType: of the response; types that say nothing (`application/json`) count as absent.
    init(_ bytes: [UInt8], contentType: String?, descriptorsMax: Int) throws {
        let data = Data(bytes)
        guard let outline = try? JSONDecoder().decode(Outline.self, from: data) else {
            throw Failure.bad("the manifest is not a JSON object")
        }
        let said = contentType.map { MediaType($0) }.flatMap { Self.saysNothing.contains($0) ? nil : $0 }
        mediaType = try Self.type(of: outline, said: said)
        guard !(outline.has(.manifests) && (outline.has(.layers) || outline.has(.config))) else {
            throw Failure.bad("the document is both an index and a manifest")
        }
        parsed = try Self.parse(data, outline, mediaType)
        try Self.checkDescriptors(parsed, max: descriptorsMax)
    }

    private static let saysNothing: Set<MediaType> = [
        "", "application/json", "text/plain", "text/html", "application/octet-stream", "binary/octet-stream",
    ]

    private static func type(of outline: Outline, said: MediaType?) throws -> MediaType {
        if let said {
            if let own = outline.mediaType, own != said {
                throw Failure.bad("its media type \(own) differs from its Content-Type \(said)")
            }
            return said
        }
        if let own = outline.mediaType { return own }
        if outline.schemaVersion == 1 { return .dockerSchema1 }
        if outline.has(.manifests) { return .ociIndex }
        if outline.has(.layers) && outline.has(.config) { return .ociManifest }
        throw Failure.bad("nothing says what kind of document it is")
    }

    private static func parse(_ data: Data, _ outline: Outline, _ type: MediaType) throws -> FetchedManifest.Parsed {
        if type.isSchema1 { return .schema1 }
        guard type.isIndex || type.isManifest else { throw Failure.unsupported(type) }
        guard outline.schemaVersion == 2 else { throw Failure.bad("schemaVersion is not 2") }
        do {
            if type.isIndex { return .index(try JSONDecoder().decode(ImageIndex.self, from: data)) }
            let manifest = try JSONDecoder().decode(Manifest.self, from: data)
            return artifactType(of: manifest).map { .artifact(manifest, type: $0) } ?? .manifest(manifest)
        } catch {
            throw Failure.bad("the document does not follow the schema of \(type)")
        }
    }

    /// What a manifest is if it is no image: its configuration or all of its layers are of another kind.
    private static func artifactType(of manifest: Manifest) -> String? {
        guard manifest.config.mediaType.isImageConfiguration else {
            return manifest.artifactType ?? manifest.config.mediaType.text
        }
        let isLayer: (Descriptor) -> Bool = {
            $0.mediaType.text.hasPrefix("application/vnd.oci.image.layer.")
                || $0.mediaType.text.hasPrefix("application/vnd.docker.image.rootfs.")
        }
        guard let first = manifest.layers.first, !manifest.layers.contains(where: isLayer) else { return nil }
        return manifest.artifactType ?? first.mediaType.text
    }

    private static func checkDescriptors(_ parsed: FetchedManifest.Parsed, max: Int) throws {
        let descriptors: [Descriptor]
        switch parsed {
        case .manifest(let manifest), .artifact(let manifest, _): descriptors = [manifest.config] + manifest.layers
        case .index(let index): descriptors = index.manifests
        case .schema1: descriptors = []
        }
        guard descriptors.count <= max else { throw Failure.bad("it has more than \(max) descriptors") }
        guard descriptors.allSatisfy({ $0.size >= 0 }) else { throw Failure.bad("a descriptor has a negative size") }
    }
}

/// The members that tell what a document is, whatever their values.
private struct Outline: Decodable {
    enum CodingKeys: String, CodingKey { case schemaVersion, mediaType, manifests, layers, config }
    let schemaVersion: Int?
    let mediaType: MediaType?
    private let present: Set<String>

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try values.decodeIfPresent(Int.self, forKey: .schemaVersion)
        let type = try values.decodeIfPresent(MediaType.self, forKey: .mediaType)
        mediaType = type?.text.isEmpty == true ? nil : type
        present = Set(values.allKeys.map(\.rawValue))
    }

    func has(_ key: CodingKeys) -> Bool { present.contains(key.rawValue) }
}
