import LayerArchive

/// Why an image could not be scanned.
public struct ScanError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The registry or the folder has no such image, manifest or blob.
        case notFound
        /// The source wants other credentials.
        case unauthorized
        /// The source did not answer.
        case unreachable
        /// The source takes no more requests for now.
        case rateLimited
        /// It is something else than a container image: an attestation, a chart, a model.
        case notAnImage
        /// A form that is not read, such as schema 1 or a foreign layer.
        case unsupported
        /// An index without any of the platforms that were asked for.
        case noPlatform
        /// Bytes that are not what their digest says, or that break their format.
        case corrupt
        /// Larger than a limit.
        case overLimit
        case cancelled
    }

    public let kind: Kind
    /// What failed, on what, why; for people.
    public let message: String
    /// Whether the same scan may succeed later without anybody changing anything.
    public let isTransient: Bool
    /// How long the source asked to wait.
    public let retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, isTransient: Bool = false, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}

extension ScanError {
    /// From whatever a step threw. Errors that say nothing of themselves are the source's: unreachable, for now.
    init(mapping error: any Error) {
        switch error {
        case let error as ScanError: self = error
        case let error as LayerError:
            self.init(Self.kind(of: error.cause), error.description, isTransient: error.isTransient)
        case is CancellationError: self.init(.cancelled, "the scan was cancelled", isTransient: true)
        default: self.init(.unreachable, String(describing: error), isTransient: true)
        }
    }

    private static func kind(of cause: LayerError.Cause) -> Kind {
        switch cause {
        case .mediaType, .compression, .digestAlgorithm: .unsupported
        case .empty, .digestMismatch, .sizeMismatch, .diffIDMismatch, .stream, .archive: .corrupt
        case .overLimit, .memory: .overLimit
        case .finished: .corrupt
        }
    }
}
