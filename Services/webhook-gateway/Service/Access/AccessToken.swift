import Crypto
import Foundation
import Model

/// A bearer token as its holder has it: `pratique_<id>_<base64url of 32 random bytes>`.
///
/// The log keeps the id and the SHA-256 of the secret part. 256 random bits need no slow hash.
struct AccessToken: Sendable, CustomStringConvertible, CustomReflectable {
    static let prefix = "pratique"
    static let secretBytes = 32
    static let textBytesMax = 128

    let id: String
    private let secret: [UInt8]

    static func random() -> AccessToken {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        let id = String((0..<12).map { _ in digits[Int.random(in: 0..<digits.count, using: &generator)] })
        let secret = (0..<secretBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return AccessToken(id: id, secret: secret)
    }

    private init(id: String, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// nil for any other text.
    init?(_ text: String) {
        guard text.utf8.count <= Self.textBytesMax else { return nil }
        // The secret part may hold `_` itself.
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.prefix, (1...32).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }),
            let secret = Self.decode(parts[2]), secret.count == Self.secretBytes
        else { return nil }
        id = String(parts[1])
        self.secret = secret
    }

    /// The text for the holder. Shown once, never logged.
    var exposed: String { "\(Self.prefix)_\(id)_\(Self.encode(secret))" }
    var hash: Model.Digest { Model.Digest(sha256: SHA256.hash(data: secret)) }

    var description: String { "token \(id)" }
    var customMirror: Mirror { Mirror(self, children: ["id": id]) }

    private static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func decode(_ text: Substring) -> [UInt8]? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain + padding).map { Array($0) }
    }
}
