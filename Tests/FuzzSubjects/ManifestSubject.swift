import Analysers
import Dispatch
import LayerArchive
import Model

extension FuzzSubject {
    /// The input as the document that a registry hands out under a tag, as one below an index, and as the
    /// configuration of an image.
    static let manifest = FuzzSubject("manifest") { input in
        let document = Array(input.file)
        switch input.form % 3 {
        case 0: scan(DocumentSource(root: document))
        case 1:
            let index = ImageIndex(mediaType: nil, manifests: [descriptor(manifestType, document)])
            scan(DocumentSource(root: json(index), other: document))
        default:
            let configuration = descriptor("application/vnd.oci.image.config.v1+json", document)
            scan(
                DocumentSource(root: json(Manifest(mediaType: nil, config: configuration, layers: [])), other: document)
            )
        }
    }

    private static let manifestType: MediaType = "application/vnd.oci.image.manifest.v1+json"

    private static func descriptor(_ type: MediaType, _ bytes: [UInt8]) -> Descriptor {
        Descriptor(mediaType: type, digest: Digest(sha256: ContentHash.sha256(bytes)), size: Int64(bytes.count))
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        do { return Array(try JSONFormat.encode(value)) } catch { preconditionFailure("own documents: \(error)") }
    }

    private static func scan(_ source: DocumentSource) {
        let end = DispatchSemaphore(value: 0)
        // The fuzzer has no task to wait in; the scanner does not look at the calling thread.
        Task {
            _ = try? await ImageScanner(cache: NoLayerCache()).scan(source, platforms: .all)
            end.signal()
        }
        end.wait()
    }
}

/// A registry with a document under a tag, and one more, for any digest.
private struct DocumentSource: ImageSource {
    let name = "fuzz"
    let root: [UInt8]
    var other: [UInt8] = []

    func root() async throws -> SourceDocument { SourceDocument(bytes: root, mediaType: nil, digest: nil) }
    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        SourceDocument(bytes: other, mediaType: descriptor.mediaType, digest: descriptor.digest)
    }
    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] { other }
    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        throw ScanError(.notFound, "there are no layers")
    }
}
