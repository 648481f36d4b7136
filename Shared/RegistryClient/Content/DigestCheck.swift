import Crypto
import Model

/// Hashes bytes in the algorithm of a digest.
struct DigestCheck: Sendable {
    private enum State: Sendable {
        case sha256(SHA256)
        case sha512(SHA512)
    }
    private var state: State

    init(_ algorithm: Model.Digest.Algorithm) {
        state = algorithm == .sha256 ? .sha256(SHA256()) : .sha512(SHA512())
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            state = .sha256(SHA256())
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            state = .sha512(SHA512())
            hash.update(bufferPointer: bytes)
            state = .sha512(hash)
        }
    }

    func digest() -> Model.Digest {
        switch state {
        case .sha256(let hash): Self.digest("sha256", hash.finalize())
        case .sha512(let hash): Self.digest("sha512", hash.finalize())
        }
    }

    static func digest(of bytes: [UInt8], _ algorithm: Model.Digest.Algorithm) -> Model.Digest {
        var check = DigestCheck(algorithm)
        bytes.withUnsafeBytes { check.update($0) }
        return check.digest()
    }

    private static func digest(_ name: String, _ bytes: some Sequence<UInt8>) -> Model.Digest {
        let digits = Array("0123456789abcdef".utf8)
        let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        guard let digest = try? Model.Digest(name + ":" + String(decoding: hex, as: UTF8.self)) else {
            preconditionFailure("a hash of \(name) is a digest")
        }
        return digest
    }
}
