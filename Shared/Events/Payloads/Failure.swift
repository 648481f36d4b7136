public import Foundation

/// Why something did not work, as state: what happened, how often, and when it is tried again.
public struct Failure: Codable, Sendable, Hashable {
    /// What kind of cause it was; another attempt is due at once when it goes away.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The registry could not be reached, or answered with a server error.
        case unreachable
        /// Credentials were refused.
        case unauthorized
        case rateLimited = "rate-limited"
        case notFound = "not-found"
        /// Bytes did not match their digest, were cut short, or could not be read as what they claim to be.
        case damaged
        /// A form that is not read, such as schema 1.
        case unsupported
        /// A named limit was exceeded.
        case tooLarge = "too-large"
        /// Not an image: a chart, a signature, another artifact.
        case notAnImage = "not-an-image"
        case internalError = "internal-error"
    }

    public var kind: Kind
    /// For people: what failed, on what, and why.
    public var message: String
    /// From 1.
    public var attempt: Int
    /// nil: no attempt is planned until something changes.
    public var nextAttemptAt: Date?

    public init(kind: Kind, message: String, attempt: Int, nextAttemptAt: Date?) {
        self.kind = kind
        self.message = message
        self.attempt = attempt
        self.nextAttemptAt = nextAttemptAt
    }
}
