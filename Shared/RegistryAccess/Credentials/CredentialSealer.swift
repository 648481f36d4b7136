import Crypto
import Foundation
import HTTPPort
public import Model

/// Seals and opens the credentials of registries: AES-256-GCM, the key's id beside the box.
///
/// The associated data binds a box to the registry's name and to scheme, host and port of its URL: when any of them
/// changes the box does not open, so that nobody can send a credential elsewhere by editing the registry.
public struct CredentialSealer: Sendable {
    private let keys: KeyRing
    private let sources: CredentialSources

    public init(keys: KeyRing, sources: CredentialSources = .none) {
        self.keys = keys
        self.sources = sources
    }

    /// What is sealed.
    private struct Content: Codable {
        var user: String
        var secret: String
    }

    /// - Throws: `badLogin`, `badRegistry`.
    public func seal(
        user: String, secret: RegistrySecret, for registry: Registry
    ) throws(RegistryAccessError) -> SealedCredential {
        if let reason = RegistryLogin(user: user, secret: secret).refusal {
            throw .badLogin(registry: registry.name.text, reason: reason)
        }
        let key = keys.keys[0]
        let binding = try Self.binding(of: registry)
        do {
            let plain = try JSONFormat.encode(Content(user: user, secret: secret.exposed))
            // `combined` is nonce, ciphertext and tag; it is nil only for nonces of other lengths than 12 bytes.
            guard let box = try AES.GCM.seal(plain, using: key.material, authenticating: binding).combined else {
                throw CryptoKitError.incorrectParameterSize
            }
            return .sealed(keyID: key.id, box: Array(box))
        } catch {
            throw .badLogin(registry: registry.name.text, reason: "it cannot be sealed")
        }
    }

    /// The registry's login, or nil where it has no credential. References are read now.
    /// - Throws: `unknownKey`, `cannotOpen`, `badReference`, `badLogin`, `badRegistry`.
    public func open(_ registry: Registry) throws(RegistryAccessError) -> RegistryLogin? {
        let login: RegistryLogin
        switch registry.credential {
        case nil: return nil
        case .reference(let user, let source):
            login = RegistryLogin(user: user, secret: try sources.read(source, registry: registry.name))
        case .sealed(let keyID, let box): login = try open(box, keyID: keyID, registry)
        }
        if let reason = login.refusal { throw .badLogin(registry: registry.name.text, reason: reason) }
        return login
    }

    /// The credential under the ring's first key, for a rotation; nil where it is sealed with it already or is a
    /// reference.
    public func resealed(_ registry: Registry) throws(RegistryAccessError) -> SealedCredential? {
        guard case .sealed(let keyID, _)? = registry.credential, keyID != keys.keys[0].id,
            let login = try open(registry)
        else { return nil }
        return try seal(user: login.user, secret: login.secret, for: registry)
    }

    /// Whether a credential of `old` still holds for `new`: same name, scheme, host and port.
    public static func survives(from old: Registry, to new: Registry) -> Bool {
        guard let before = try? binding(of: old), let after = try? binding(of: new) else { return false }
        return before == after
    }

    private func open(_ box: [UInt8], keyID: String, _ registry: Registry) throws(RegistryAccessError) -> RegistryLogin
    {
        guard let key = keys.keys.first(where: { $0.id == keyID }) else {
            throw .unknownKey(registry: registry.name.text, keyID: String(keyID.prefix(KeyRing.idBytesMax)))
        }
        let binding = try Self.binding(of: registry)
        do {
            let sealed = try AES.GCM.SealedBox(combined: box)
            let plain = try AES.GCM.open(sealed, using: key.material, authenticating: binding)
            let content = try JSONFormat.decode(Content.self, from: plain)
            return RegistryLogin(user: content.user, secret: RegistrySecret(content.secret))
        } catch {
            throw .cannotOpen(registry: registry.name.text)
        }
    }

    /// Line breaks separate the fields; no field can hold one.
    private static func binding(of registry: Registry) throws(RegistryAccessError) -> Data {
        let url: WebURL
        do { url = try WebURL(registry.url) } catch {
            throw .badRegistry(registry: registry.name.text, reason: error.description)
        }
        let fields = ["pratique-credential-1", registry.name.text, url.scheme.rawValue, url.host, String(url.port)]
        return Data(fields.joined(separator: "\n").utf8)
    }
}
