import Crypto

/// Apart from files that say `Digest` of an image's: the library has a type of that name.
enum ContentHash {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
