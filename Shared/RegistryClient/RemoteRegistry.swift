public import HTTPPort
import Model

/// A registry that speaks the OCI distribution protocol (1.1, and CNCF Distribution's catalogue), read only.
///
/// **Promises**
/// * What it returns was checked: digests in the algorithm that was asked for, sizes, names by their grammar, one
///   meaning per manifest (CVE-2021-41190). What fails a check is an error, never a shorter result; a listing that may
///   be short says so.
/// * Credentials go to the registry's origin, and to a token realm on its host or on a host that the operator trusts.
///   After the credential itself was refused, no request is sent for a while (accounts get locked).
/// * Every page, retry, wait and body has a limit (`RegistryLimits`, `RetryPolicy`).
/// * Errors are `RegistryError`, `CancellationError`, or what a caller's sink or credential provider threw.
///
/// **Limits**: no push, no foreign layers (`urls` of descriptors are not followed), no registry-specific listings.
/// One value per configured registry, kept: tokens are cached in it.
public final class RemoteRegistry: Sendable {
    public let endpoint: RegistryEndpoint
    public let limits: RegistryLimits
    let conversation: Conversation

    /// - Parameters:
    ///   - credentials: asked before requests; may open a sealed credential or read a file. Cheap calls only.
    ///   - clock: for waits between tries and the life of tokens.
    ///   - unixNow: seconds since 1970, for `Retry-After` dates.
    ///   - random: for jitter.
    public init(
        endpoint: RegistryEndpoint, credentials: @escaping CredentialProvider = { .anonymous },
        transport: any HTTPTransport,
        clock: any Clock<Duration> = ContinuousClock(), limits: RegistryLimits = RegistryLimits(),
        retry: RetryPolicy = RetryPolicy(), unixNow: @escaping @Sendable () -> Int64 = PassedClock.systemUnixTime,
        random: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }
    ) {
        self.endpoint = endpoint
        self.limits = limits
        let passed = PassedClock(clock, unixNow: unixNow)
        let authenticator = Authenticator(
            endpoint: endpoint, credentials: credentials, transport: transport, clock: passed, limits: limits,
            random: random)
        conversation = Conversation(
            endpoint: endpoint, transport: transport, authenticator: authenticator, clock: passed, retry: retry,
            limits: limits, random: random)
    }

    /// Asks `GET /v2/`: whether this is a registry, and whether the credential is good.
    public func ping() async throws {
        let call = Call(.get, endpoint.api(""), subject: .api, scopes: [], limits: limits.small)
        _ = try await conversation.collect(call)
    }
}

/// Answers the credential to use now.
public typealias CredentialProvider = @Sendable () async throws -> RegistryCredential

/// Why a `CredentialProvider` has no credential to give: nobody asked the registry, and only whoever set the credential
/// can help. Thrown on unchanged.
public protocol CredentialError: Error, CustomStringConvertible {
    /// Whether it may be there later, such as a file that is not mounted yet.
    var isTransient: Bool { get }
}

/// How to prove who asks.
public enum RegistryCredential: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    case anonymous
    case basic(user: String, secret: String)
    /// A refresh token: goes to the token realm only.
    case identityToken(String)
    /// A bearer token for the registry itself, used as it is.
    case registryToken(String)

    /// The kind only; nothing prints a secret.
    public var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .basic: "user and secret"
        case .identityToken: "identity token"
        case .registryToken: "registry token"
        }
    }
    public var customMirror: Mirror { Mirror(self, children: ["kind": description]) }

    /// Texts that must not appear in messages.
    var secrets: [String] {
        switch self {
        case .anonymous: []
        case .basic(_, let secret): [secret]
        case .identityToken(let token), .registryToken(let token): [token]
        }
    }
}

/// The named maxima of one registry's client.
public struct RegistryLimits: Sendable, Hashable {
    public var manifestBytesMax: Int64 = 4 << 20
    public var configurationBytesMax = Int64(ImageConfiguration.bytesMax)
    public var blobBytesMax: Int64 = 64 << 30
    /// A part of a blob, which is held in memory.
    public var partBytesMax = 80 << 20
    public var tokenBytesMax: Int64 = 1 << 20
    public var errorBytesMax: Int64 = 64 << 10
    public var pageBytesMax: Int64 = 8 << 20
    public var pagesMax = 10_000
    public var namesMax = 1_000_000
    /// Descriptors in one manifest or index.
    public var descriptorsMax = 1_000
    /// The page size that is asked for: what every default accepts.
    public var pageSize = 100
    /// A blob slower than this on average is given up: its total limit is a minute plus its size at this rate.
    public var blobBytesPerSecondMin: Int64 = 50_000
    /// How long no request is sent after the credential was refused.
    public var credentialFailureHold: Duration = .seconds(300)

    public init() {}

    var small: RequestLimits { RequestLimits(bodyBytesMax: max(pageBytesMax, manifestBytesMax)) }
}
