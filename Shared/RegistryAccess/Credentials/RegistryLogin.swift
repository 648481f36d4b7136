/// A text that must not be seen: it prints as `‹redacted›` wherever a value is printed by mistake.
public struct RegistrySecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself. Call this only where it is used.
    public let exposed: String

    public init(_ text: String) { exposed = text }

    public static let redacted = "‹redacted›"
    public var description: String { Self.redacted }
    public var debugDescription: String { Self.redacted }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A user's name and secret (password, token) for one registry, opened for use.
public struct RegistryLogin: Sendable, Hashable {
    /// Bytes in UTF-8, of the user's name and of the secret.
    public static let userBytesMax = 1024
    public static let secretBytesMax = 64 * 1024

    public let user: String
    public let secret: RegistrySecret

    public init(user: String, secret: RegistrySecret) {
        self.user = user
        self.secret = secret
    }

    /// What is wrong with it, or nil. Neither text is repeated.
    var refusal: String? {
        if user.utf8.count > Self.userBytesMax { return "the user's name has more than \(Self.userBytesMax) bytes" }
        if secret.exposed.utf8.count > Self.secretBytesMax {
            return "the secret has more than \(Self.secretBytesMax) bytes"
        }
        if secret.exposed.isEmpty { return "the secret is empty" }
        // Basic authentication splits at the first colon (RFC 7617 §2).
        if user.contains(":") { return "the user's name holds a colon" }
        let isControl: (UInt8) -> Bool = { $0 < 0x20 || $0 == 0x7F }
        if user.utf8.contains(where: isControl) { return "the user's name holds a control character" }
        if secret.exposed.utf8.contains(where: isControl) { return "the secret holds a control character" }
        return nil
    }
}
