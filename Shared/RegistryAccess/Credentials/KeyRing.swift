import Crypto
public import Foundation

/// The keys that seal registry credentials: the first seals, all open. Two at most, so that a key can be rotated.
///
/// As text: `id:base64 of 32 bytes`, separated by commas or lines; lines starting with `#` are comments. The text comes
/// from the environment variable `PRATIQUE_CREDENTIAL_KEYS` or from a file that only its owner may read. To rotate: put
/// the
/// new key first, restart, save each registry's credential again (or `CredentialSealer.resealed`), drop the old key.
public struct KeyRing: Sendable, CustomStringConvertible, CustomReflectable {
    public static let environmentName = "PRATIQUE_CREDENTIAL_KEYS"
    public static let keysMax = 2
    static let fileBytesMax = 4096
    static let idBytesMax = 32

    struct Key: Sendable {
        let id: String
        let material: SymmetricKey
    }

    let keys: [Key]

    init(keys: [Key]) {
        precondition(!keys.isEmpty && keys.count <= Self.keysMax, "a key ring has one or two keys")
        self.keys = keys
    }

    /// - Parameter place: where the text is from, for errors.
    /// - Throws: `badKeys`; the text is not repeated.
    public init(text: String, place: String) throws(RegistryAccessError) {
        func bad(_ reason: String) -> RegistryAccessError { .badKeys(place: place, reason: reason) }
        var keys: [Key] = []
        let lines = text.split { $0.isNewline }.map { $0.drop { $0 == " " || $0 == "\t" } }.filter {
            !$0.hasPrefix("#")
        }
        for entry in lines.flatMap({ $0.split(separator: ",") }) {
            let trimmed = entry.filter { $0 != " " && $0 != "\t" }
            if trimmed.isEmpty { continue }
            guard let colon = trimmed.firstIndex(of: ":") else { throw bad("each key is written id:base64") }
            let id = String(trimmed[..<colon])
            guard Self.isID(id) else { throw bad("a key's id has 1 to \(Self.idBytesMax) characters of a-z 0-9 -") }
            guard let bytes = Data(base64Encoded: String(trimmed[trimmed.index(after: colon)...])), bytes.count == 32
            else {
                throw bad("the key “\(id)” is not 32 bytes in base64")
            }
            guard !keys.contains(where: { $0.id == id }) else { throw bad("the key “\(id)” is there twice") }
            keys.append(Key(id: id, material: SymmetricKey(data: bytes)))
        }
        guard !keys.isEmpty else { throw bad("there is no key") }
        guard keys.count <= Self.keysMax else { throw bad("there are more than \(Self.keysMax) keys") }
        self.keys = keys
    }

    /// Reads a key file.
    /// - Throws: `badKeys` for a file that is missing, no plain file, too large, or open to anybody but its owner.
    public init(file: URL) throws(RegistryAccessError) {
        let text: String
        switch PrivateFile.read(file.path, bytesMax: Self.fileBytesMax, ownerOnly: true) {
        case .success(let found): text = found
        case .failure(let refusal): throw .badKeys(place: file.path, reason: refusal.reason)
        }
        try self.init(text: text, place: file.path)
    }

    /// The keys of the environment, or else those of the file.
    /// - Throws: `noKeys` where neither is given; `badKeys`.
    public init(environment: [String: String], file: URL?) throws(RegistryAccessError) {
        if let text = environment[Self.environmentName], !text.isEmpty {
            try self.init(text: text, place: Self.environmentName)
        } else if let file {
            try self.init(file: file)
        } else {
            throw .noKeys
        }
    }

    /// Reads the file; where there is none, makes it with a new key, mode 0600. Its folder must exist.
    ///
    /// Two processes that start together end with the same key: the file appears whole, under its name, once.
    /// - Throws: `badKeys`.
    public static func createIfMissing(at file: URL) throws(RegistryAccessError) -> KeyRing {
        if !FileManager.default.fileExists(atPath: file.path) {
            let key = fresh().keys[0]
            let bytes = key.material.withUnsafeBytes { Data($0) }
            let text =
                "# Seals the credentials of registries. Keep it apart from the data, and keep a copy.\n"
                + "\(key.id):\(bytes.base64EncodedString())\n"
            if let refusal = PrivateFile.create(file.path, text) {
                throw .badKeys(place: file.path, reason: refusal.reason)
            }
        }
        return try KeyRing(file: file)
    }

    /// One new random key.
    public static func fresh() -> KeyRing {
        let suffix = (0..<8).map { _ in "0123456789abcdef".randomElement() ?? "0" }
        return KeyRing(keys: [Key(id: "k-" + String(suffix), material: SymmetricKey(size: .bits256))])
    }

    /// The ids, the sealing one first.
    public var ids: [String] { keys.map(\.id) }

    public var description: String { "keys \(ids.joined(separator: ", "))" }
    public var customMirror: Mirror { Mirror(self, children: ["ids": ids]) }

    private static func isID(_ text: String) -> Bool {
        (1...idBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
