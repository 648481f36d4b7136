public import Analysers
public import LayerArchive
public import Model
public import RegistryClient

/// An image of a registry, for the scanner.
///
/// Bytes come straight from the connection into the layer's reader, on a thread of the transport. The registry client
/// checks manifests and configurations (digest, size, one meaning), and the size of layers; the digest of a layer is
/// computed once, by its reader, which sees every byte once, also where a transfer broke and was taken up again.
public struct RegistryImageSource: ImageSource {
    public let name: String
    private let registry: RemoteRegistry
    private let repository: RepositoryName
    private let target: ReferenceTarget

    /// - Parameter name: how people call the image, for messages.
    public init(name: String, registry: RemoteRegistry, repository: RepositoryName, target: ReferenceTarget) {
        self.name = name
        self.registry = registry
        self.repository = repository
        self.target = target
    }

    public func root() async throws -> SourceDocument { try await document(target) }

    public func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        try await document(.digest(descriptor.digest))
    }

    public func configuration(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await mapped { try await registry.configuration(repository, descriptor) }
    }

    public func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        try await mapped {
            try await registry.blob(repository, descriptor, verifiesDigest: false) { try sink.write($0) }
        }
    }

    public func part(of descriptor: Descriptor, _ range: Range<Int64>) async throws -> [UInt8]? {
        try await mapped { try await registry.part(of: descriptor, range, in: repository) }
    }

    public func referrers(of digest: Digest) async throws -> [Descriptor] {
        try await mapped { try await registry.referrers(of: digest, in: repository) }
    }

    private func document(_ target: ReferenceTarget) async throws -> SourceDocument {
        try await mapped {
            let fetched = try await registry.manifest(repository, target)
            return SourceDocument(bytes: fetched.bytes, mediaType: fetched.mediaType, digest: fetched.digest)
        }
    }

    private func mapped<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as RegistryError {
            throw ScanError(error)
        } catch let error as any CredentialError {
            throw ScanError(.unauthorized, error.description, isTransient: error.isTransient)
        }
    }
}

extension ScanError {
    /// What a registry's refusal means for a scan.
    public init(_ error: RegistryError) {
        let kind: Kind =
            switch error {
            case .unauthorized, .forbidden, .realmRefused: .unauthorized
            case .notFound: .notFound
            case .unsupported, .unsupportedMediaType: .unsupported
            case .rateLimited: .rateLimited
            case .serverFault, .unreachable, .refusedByPolicy: .unreachable
            case .badAnswer, .digestMismatch, .sizeMismatch, .truncated: .corrupt
            case .tooLarge: .overLimit
            case .notAnImage: .notAnImage
            }
        self.init(kind, error.description, isTransient: error.isTransient, retryAfter: error.retryAfter)
    }
}
