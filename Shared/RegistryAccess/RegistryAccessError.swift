public import RegistryClient

/// Why a registry's credential cannot be sealed or opened. No case and no text carries a secret.
public enum RegistryAccessError: CredentialError, Sendable, Equatable, CustomStringConvertible {
    /// The keys themselves: `place` is a file or the name of an environment variable.
    case badKeys(place: String, reason: String)
    case noKeys
    /// Sealed with a key that this process does not have.
    case unknownKey(registry: String, keyID: String)
    /// The box does not open: another registry, scheme, host or port than it was sealed for, or damaged bytes.
    case cannotOpen(registry: String)
    case badReference(registry: String, source: String, reason: String)
    /// A user's name or secret that no registry could take.
    case badLogin(registry: String, reason: String)
    case badRegistry(registry: String, reason: String)

    /// A file that a reference names may appear later.
    public var isTransient: Bool {
        switch self {
        case .badReference: true
        case .badKeys, .noKeys, .unknownKey, .cannotOpen, .badLogin, .badRegistry: false
        }
    }

    public var description: String {
        switch self {
        case .badKeys(let place, let reason): "the credential keys of \(place) cannot be used: \(reason)"
        case .noKeys:
            "there are no credential keys: set \(KeyRing.environmentName), or name a key file of mode 0600"
        case .unknownKey(let registry, let keyID):
            "the credential of \(registry) is sealed with the key “\(keyID)”, which this process does not have"
        case .cannotOpen(let registry):
            "the credential of \(registry) was sealed for another address, or is damaged: set it again"
        case .badReference(let registry, let source, let reason):
            "the credential of \(registry) is to be read from \(source): \(reason)"
        case .badLogin(let registry, let reason): "the credential for \(registry) cannot be used: \(reason)"
        case .badRegistry(let registry, let reason): "the registry \(registry) cannot be used: \(reason)"
        }
    }
}
