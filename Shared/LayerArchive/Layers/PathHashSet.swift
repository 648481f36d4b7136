import Foundation

/// Which paths a layer holds, as sorted 64-bit hashes: 8 bytes a path, small enough to keep for every layer.
///
/// Two paths with one hash would hide one of them from the merge; with a million paths the chance is below 1 in 10
/// million.
public struct PathHashSet: Hashable, Sendable, Codable {
    private let sorted: [UInt64]

    init(_ hashes: some Sequence<UInt64>) {
        var sorted = hashes.sorted()
        var kept = 0
        for hash in sorted where kept == 0 || sorted[kept - 1] != hash {
            sorted[kept] = hash
            kept += 1
        }
        sorted.removeLast(sorted.count - kept)
        self.sorted = sorted
    }

    public var count: Int { sorted.count }

    func contains(_ hash: UInt64) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == hash
    }

    /// As one run of little-endian bytes: a list of numbers would be three times as large.
    public init(from decoder: any Decoder) throws {
        let data = try decoder.singleValueContainer().decode(Data.self)
        guard data.count % 8 == 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a hash has 8 bytes"))
        }
        self.init(
            data.withUnsafeBytes { raw in
                stride(from: 0, to: raw.count, by: 8).map {
                    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
                }
            })
    }

    public func encode(to encoder: any Encoder) throws {
        let data = sorted.map(\.littleEndian).withUnsafeBytes { Data($0) }
        var container = encoder.singleValueContainer()
        try container.encode(data)
    }
}
