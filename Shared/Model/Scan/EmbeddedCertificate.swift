/// A certificate (X.509) that lies in an image.
public struct EmbeddedCertificate: Hashable, Sendable, Codable {
    /// The file, without leading `/`.
    public var path: String
    public var layer: Digest
    /// A distinguished name, as RFC 4514 writes it; may be empty.
    public var subject: String
    public var issuer: String
    /// The first DNS names that it is for.
    public var names: [String]
    /// Whether it may sign others.
    public var isAuthority: Bool
    /// RFC 3339, in UTC.
    public var notBefore: String
    /// RFC 3339, in UTC.
    public var notAfter: String
    /// SHA-256 of its DER, in lower-case hex.
    public var fingerprint: String

    public init(
        path: String, layer: Digest, subject: String, issuer: String, names: [String], isAuthority: Bool,
        notBefore: String, notAfter: String, fingerprint: String
    ) {
        self.path = path
        self.layer = layer
        self.subject = subject
        self.issuer = issuer
        self.names = names
        self.isAuthority = isAuthority
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.fingerprint = fingerprint
    }
}
