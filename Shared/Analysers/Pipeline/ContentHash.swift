import Crypto
import Foundation

/// Hashes as plain bytes. Apart from the rest, since Crypto's `Digest` and the model's are two things.
struct ContentHash {
    private var hasher = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }
    func finish() -> [UInt8] { Array(hasher.finalize()) }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
    static func sha512(_ bytes: [UInt8]) -> [UInt8] { Array(SHA512.hash(data: bytes)) }
}
