public import Foundation
public import HTTPPort
public import Model
public import RegistryClient
import Synchronization

/// From a registry's record to a client that is ready to use: address, TLS, credential, allowed realms.
///
/// One client per registry is kept, with its tokens and its memory of a refused credential, until the record changes.
/// The credential is opened, and a reference read, each time the client wants it; nothing keeps it in clear beside the
/// client.
///
/// **Limits**: `clientsMax` registries; beyond that clients are made anew.
public final class RegistryClients: RegistryDirectory {
    public static let clientsMax = 1_000

    private struct Entry {
        let registry: Registry
        let client: RemoteRegistry
    }

    private let transport: any HTTPTransport
    private let sealer: CredentialSealer?
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let realmHosts: Set<String>
    private let limits: RegistryLimits
    private let retry: RetryPolicy
    private let entries = Mutex<[RegistryName: Entry]>([:])

    /// - Parameters:
    ///   - sealer: nil where this process has no keys: sealed credentials then fail with `noKeys`.
    ///   - realmHosts: hosts that the operator allows as token realm of any registry.
    public init(
        transport: any HTTPTransport, sealer: CredentialSealer?, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date, realmHosts: Set<String> = [],
        limits: RegistryLimits = RegistryLimits(), retry: RetryPolicy = RetryPolicy()
    ) {
        self.transport = transport
        self.sealer = sealer
        self.clock = clock
        self.now = now
        self.realmHosts = realmHosts
        self.limits = limits
        self.retry = retry
    }

    /// The registry's client; the same one until the record changes.
    /// - Throws: `badRegistry` for a record that no client can be made from.
    public func client(for registry: Registry) throws(RegistryAccessError) -> RemoteRegistry {
        if let known = entries.withLock({ $0[registry.name] }), known.registry == registry { return known.client }
        let client = try make(registry, retry: retry)
        entries.withLock { entries in
            if entries.count >= Self.clientsMax { entries = [:] }
            entries[registry.name] = Entry(registry: registry, client: client)
        }
        return client
    }

    /// A client that is not kept and tries once: for testing a connection while somebody waits.
    public func unkeptClient(for registry: Registry) throws(RegistryAccessError) -> RemoteRegistry {
        try make(registry, retry: .never)
    }

    public func reader(for registry: Registry) throws -> any RegistryReader { try client(for: registry) }

    private func make(_ registry: Registry, retry: RetryPolicy) throws(RegistryAccessError) -> RemoteRegistry {
        let endpoint: RegistryEndpoint
        do {
            let tls = try TLSOptions(
                caBundlePath: registry.caFile, certificatePath: registry.clientCertificateFile,
                keyPath: registry.clientKeyFile, skipsVerification: registry.skipTLSVerification)
            endpoint = try RegistryEndpoint(url: registry.url, tls: tls, realmHosts: realmHosts)
        } catch {
            throw .badRegistry(registry: registry.name.text, reason: error.description)
        }
        let sealer = sealer
        let now = now
        return RemoteRegistry(
            endpoint: endpoint, credentials: { try Self.credential(registry, sealer) }, transport: transport,
            clock: clock,
            limits: limits, retry: retry, unixNow: { Int64(now().timeIntervalSince1970) })
    }

    private static func credential(_ registry: Registry, _ sealer: CredentialSealer?) throws -> RegistryCredential {
        guard registry.credential != nil else { return .anonymous }
        guard let sealer else { throw RegistryAccessError.noKeys }
        guard let login = try sealer.open(registry) else { return .anonymous }
        // The user's name that stands for an identity token (Docker's credential store protocol).
        if login.user == "<token>" { return .identityToken(login.secret.exposed) }
        return .basic(user: login.user, secret: login.secret.exposed)
    }
}

/// Finds the reader of a registry; tests give one without a network.
public protocol RegistryDirectory: Sendable {
    func reader(for registry: Registry) throws -> any RegistryReader
}

/// What services ask of a registry when they look for images.
public protocol RegistryReader: Sendable {
    func ping() async throws
    func resolve(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> ResolvedManifest
    func repositories(progress: (@Sendable (Int) async -> Void)?) async throws -> Listing<RepositoryName>
    func tags(
        of repository: RepositoryName, progress: (@Sendable (Int) async -> Void)?
    ) async throws -> Listing<TagName>
}

extension RemoteRegistry: RegistryReader {}
