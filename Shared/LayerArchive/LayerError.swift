public import Model

/// Why a layer could not be read: which one, and the cause.
public struct LayerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Cause: Hashable, Sendable {
        /// A media type that is no layer, or one that may not be read, with the reason.
        case mediaType(String, reason: String)
        /// The layer has no bytes.
        case empty
        /// The bytes hash to something else than the descriptor says.
        case digestMismatch(actual: Digest)
        /// More or fewer bytes than the descriptor says.
        case sizeMismatch(expected: Int64, actual: Int64)
        /// The uncompressed bytes hash to something else than the configuration's diff_id.
        case diffIDMismatch(expected: Digest, actual: Digest)
        /// A digest algorithm that is not computed here.
        case digestAlgorithm(String)
        /// A compression that is not read, such as bzip2 or xz.
        case compression(String)
        /// The compressed stream is damaged, cut off, or followed by something else.
        case stream(String)
        /// The archive is damaged or cut off: what, and at which byte of the uncompressed layer.
        case archive(String, at: Int64)
        /// Over a limit: its name in `LayerLimits`, the limit, and the value where it is known.
        case overLimit(String, limit: Int64, value: Int64?)
        /// No memory for the decoder.
        case memory
        /// The reader has already failed or finished.
        case finished
    }

    public let layer: Digest
    public let cause: Cause

    public init(layer: Digest, cause: Cause) {
        self.layer = layer
        self.cause = cause
    }

    /// Whether reading the same layer again may succeed: only where the transport may be at fault.
    public var isTransient: Bool {
        switch cause {
        case .digestMismatch, .sizeMismatch, .memory: true
        case .mediaType, .empty, .diffIDMismatch, .digestAlgorithm, .compression, .stream, .archive, .overLimit,
            .finished:
            false
        }
    }

    public var description: String { "layer \(layer.algorithm.rawValue):\(layer.short): \(reason)" }

    /// The cause alone, for people.
    public var reason: String {
        switch cause {
        case .mediaType(let type, let reason): "its media type “\(type.prefix(120))” \(reason)"
        case .empty: "it has no bytes"
        case .digestMismatch(let actual): "its bytes have the digest \(actual)"
        case .sizeMismatch(let expected, let actual): "it has \(actual) bytes; its descriptor says \(expected)"
        case .diffIDMismatch(let expected, let actual):
            "its uncompressed bytes have the digest \(actual); the configuration says \(expected)"
        case .digestAlgorithm(let name): "\(name) digests are not computed"
        case .compression(let name): "it is compressed with \(name), which is not read"
        case .stream(let what): "the compressed stream is damaged: \(what)"
        case .archive(let what, let offset): "the tar archive is damaged at byte \(offset): \(what)"
        case .overLimit(let name, let limit, let value):
            "over the limit \(name) = \(limit)" + (value.map { " (\($0))" } ?? "")
        case .memory: "no memory for its decoder"
        case .finished: "it was already read"
        }
    }
}

/// A cause on its way to the reader, which knows the layer.
struct CauseError: Error {
    let cause: LayerError.Cause
    init(_ cause: LayerError.Cause) { self.cause = cause }
}
