/// A configured registry: a source of images, by name.
public struct Registry: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// CNCF Distribution and everything that speaks plain OCI distribution.
        case distribution
        case dockerHub = "docker-hub"
    }

    public var name: RegistryName
    public var kind: Kind
    /// Scheme, host, port and path prefix: `https://registry.example.com`, `http://127.0.0.1:5000`.
    public var url: String
    /// Other hosts (with path prefix) under which people and webhooks name this registry.
    public var aliases: [String]
    public var description: String?
    /// Which images are taken, by repository and tag globs; empty means all.
    public var filter: ImageFilter
    /// When the registry is listed; nil means only on demand.
    public var enumeration: Schedule?
    /// When its images are scanned again; nil means never by the clock.
    public var rescan: Schedule?
    /// Platforms that are scanned out of an index.
    public var platforms: [Platform]
    /// Which scanners may pull from it.
    public var pool: String
    /// A file with certificate authorities (PEM) on the services' machines, beside the system's.
    public var caFile: String?
    /// The certificate is not checked. Not together with `caFile`.
    public var skipTLSVerification: Bool
    /// A client certificate (PEM) that the registry asks for, and its key: files on the services' machines, both or
    /// neither. They go to the registry's own address only.
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// How webhooks of this registry are authenticated; nil means that none are taken.
    public var webhook: WebhookAuthentication?
    /// The sealed credential, or a reference to one; never shown.
    public var credential: SealedCredential?
    /// Counts up with each change.
    public var version: Int

    public init(
        name: RegistryName, kind: Kind = .distribution, url: String, aliases: [String] = [], description: String? = nil,
        filter: ImageFilter = ImageFilter(), enumeration: Schedule? = nil, rescan: Schedule? = nil,
        platforms: [Platform] = [.linuxAMD64], pool: String = "default", caFile: String? = nil,
        skipTLSVerification: Bool = false, clientCertificateFile: String? = nil, clientKeyFile: String? = nil,
        webhook: WebhookAuthentication? = nil, credential: SealedCredential? = nil, version: Int = 1
    ) {
        self.name = name
        self.kind = kind
        self.url = url
        self.aliases = aliases
        self.description = description
        self.filter = filter
        self.enumeration = enumeration
        self.rescan = rescan
        self.platforms = platforms
        self.pool = pool
        self.caFile = caFile
        self.skipTLSVerification = skipTLSVerification
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
        self.webhook = webhook
        self.credential = credential
        self.version = version
    }
}

/// How a registry's webhooks prove where they come from: a header that carries a shared secret.
public struct WebhookAuthentication: Hashable, Sendable, Codable {
    /// Such as `Authorization` or `X-Webhook-Secret`.
    public var header: String
    /// SHA-256 of the expected value; the value itself is not kept.
    public var valueSHA256: Digest

    public init(header: String, valueSHA256: Digest) {
        self.header = header
        self.valueSHA256 = valueSHA256
    }
}

/// A credential as the log holds it: sealed with AES-256-GCM, or a reference that is read where it is used.
public enum SealedCredential: Hashable, Sendable, Codable {
    /// `box` is nonce, ciphertext and tag; the associated data binds it to registry, scheme, host and port.
    case sealed(keyID: String, box: [UInt8])
    /// `file:/run/secrets/harbor` or `env:HARBOR_PASSWORD`; the user's name is not secret.
    case reference(user: String, source: String)
}
