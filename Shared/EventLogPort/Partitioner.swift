/// Which partition a key lands in: murmur2 of its UTF-8 bytes, as Kafka's default partitioner, so that both adapters
/// agree.
public enum Partitioner {
    public static func partition(of key: String, among count: Int) -> Int {
        precondition(count >= 1)
        guard count > 1 else { return 0 }
        var key = key
        let hash = key.withUTF8 { murmur2($0) }
        return Int(hash & 0x7fff_ffff) % count
    }

    /// Murmur2 with the seed and tail that Kafka uses (`org.apache.kafka.common.utils.Utils.murmur2`).
    static func murmur2(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let m: UInt32 = 0x5bd1_e995
        var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 4 <= bytes.count {
            var k = UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
            k |= UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24
            k = k &* m
            k ^= k >> 24
            h = (h &* m) ^ (k &* m)
            index += 4
        }
        let rest = bytes.count - index
        if rest >= 3 { h ^= UInt32(bytes[index + 2]) << 16 }
        if rest >= 2 { h ^= UInt32(bytes[index + 1]) << 8 }
        if rest >= 1 {
            h ^= UInt32(bytes[index])
            h = h &* m
        }
        h ^= h >> 13
        h = h &* m
        return h ^ (h >> 15)
    }
}
