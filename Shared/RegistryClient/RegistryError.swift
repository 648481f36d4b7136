public import Model

/// What went wrong with a registry, in the words that services and people need.
public enum RegistryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which registry, what was asked of it, and what it (or the transport) said; capped, without secrets.
    public struct Fault: Sendable, Equatable {
        public let registry: String
        public let subject: String
        public let detail: String

        public init(registry: String, subject: String, detail: String) {
            self.registry = registry
            self.subject = subject
            self.detail = detail
        }
    }

    case unauthorized(Fault)
    case forbidden(Fault)
    case notFound(Fault)
    /// The registry does not offer this call.
    case unsupported(Fault)
    case rateLimited(Fault, retryAfter: Duration?)
    /// 408 and 5xx.
    case serverFault(Fault, status: Int, retryAfter: Duration?)
    case unreachable(Fault)
    /// Our own rules forbid it: address, plain HTTP, redirect, TLS.
    case refusedByPolicy(Fault)
    /// The registry wants a token from a host that may not see the credential.
    case realmRefused(Fault, realm: String)
    case badAnswer(Fault)
    case digestMismatch(Fault, expected: Digest, actual: Digest)
    case sizeMismatch(Fault, expected: Int64, actual: Int64)
    case truncated(Fault, received: Int64)
    case tooLarge(Fault, limitBytes: Int64)
    case unsupportedMediaType(Fault, MediaType)
    case notAnImage(Fault, type: String)

    /// Whether the same call may succeed later, with nothing changed by a person.
    public var isTransient: Bool {
        switch self {
        case .rateLimited, .serverFault, .unreachable, .truncated: true
        case .unauthorized, .forbidden, .notFound, .unsupported, .refusedByPolicy, .realmRefused, .badAnswer,
            .digestMismatch,
            .sizeMismatch, .tooLarge, .unsupportedMediaType, .notAnImage:
            false
        }
    }

    /// How long the registry asked to wait.
    public var retryAfter: Duration? {
        switch self {
        case .rateLimited(_, let wait), .serverFault(_, _, let wait): wait
        default: nil
        }
    }

    public var fault: Fault {
        switch self {
        case .unauthorized(let fault), .forbidden(let fault), .notFound(let fault), .unsupported(let fault),
            .rateLimited(let fault, _), .serverFault(let fault, _, _), .unreachable(let fault),
            .refusedByPolicy(let fault),
            .realmRefused(let fault, _), .badAnswer(let fault), .digestMismatch(let fault, _, _),
            .sizeMismatch(let fault, _, _),
            .truncated(let fault, _), .tooLarge(let fault, _), .unsupportedMediaType(let fault, _),
            .notAnImage(let fault, _):
            fault
        }
    }

    /// What failed, on what.
    public var what: String { "cannot read \(fault.subject) of \(fault.registry)" }

    /// Why.
    public var cause: String {
        let detail = fault.detail
        switch self {
        case .unauthorized: return "the registry did not accept the credential: \(detail)"
        case .forbidden: return "the credential is good but may not do this: \(detail)"
        case .notFound: return "the registry does not have it: \(detail)"
        case .unsupported: return "the registry does not offer this call: \(detail)"
        case .rateLimited(_, let wait): return "the registry limits requests\(Self.wait(wait)): \(detail)"
        case .serverFault(_, let status, let wait):
            return "the registry answered \(status)\(Self.wait(wait)): \(detail)"
        case .unreachable, .refusedByPolicy, .badAnswer: return detail
        case .realmRefused(_, let realm): return "the registry wants a token from \(realm): \(detail)"
        case .digestMismatch(_, let expected, let actual): return "its content is \(actual), not \(expected)"
        case .sizeMismatch(_, let expected, let actual): return "it has \(actual) bytes, not \(expected)"
        case .truncated(_, let received): return "the answer broke off after \(received) bytes: \(detail)"
        case .tooLarge(_, let limit): return "it is larger than the limit of \(limit) bytes"
        case .unsupportedMediaType(_, let type): return "its media type \(type) is not supported: \(detail)"
        case .notAnImage(_, let type): return "it is not a container image but \(type)"
        }
    }

    /// What a person can do.
    public var advice: String {
        switch self {
        case .unauthorized: "set new credentials for the registry"
        case .forbidden: "give the account pull rights there"
        case .notFound: "check the name; it may have been deleted"
        case .unsupported: "name the repositories instead of listing them, or choose the registry's type"
        case .rateLimited: "wait, or use an account with a higher limit"
        case .serverFault, .unreachable, .truncated:
            "it is tried again; if it stays, look at the registry and the network"
        case .refusedByPolicy: "if this is meant, have the operator allow it in the configuration"
        case .realmRefused: "if that host is trusted, have the operator allow it as token realm"
        case .badAnswer: "look at the registry, or at a proxy in front of it"
        case .digestMismatch, .sizeMismatch: "the registry's copy is damaged: push the image again"
        case .tooLarge: "raise the limit if this is meant"
        case .unsupportedMediaType: "push it again in the OCI format"
        case .notAnImage: "exclude it with the registry's filter"
        }
    }

    public var description: String { "\(what): \(cause)" }

    private static func wait(_ wait: Duration?) -> String {
        wait.map { " (retry after \($0.components.seconds) s)" } ?? ""
    }
}

/// What a call is about, for messages.
enum Subject: Sendable, Hashable, CustomStringConvertible {
    case api
    case catalogue
    case tags(RepositoryName)
    case manifest(RepositoryName, ReferenceTarget)
    case blob(RepositoryName, Digest)
    case token

    var description: String {
        switch self {
        case .api: "the API"
        case .catalogue: "the catalogue"
        case .tags(let repository): "the tags of \(repository)"
        case .manifest(let repository, .tag(let tag)): "\(repository):\(tag)"
        case .manifest(let repository, .digest(let digest)): "\(repository)@\(digest)"
        case .blob(let repository, let digest): "blob \(digest) of \(repository)"
        case .token: "the access token"
        }
    }
}
