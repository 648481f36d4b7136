import Model

extension Digest {
    /// Compares without telling by its time where two digests differ.
    func equalsInConstantTime(_ other: Digest) -> Bool {
        let left = Array(text.utf8)
        let right = Array(other.text.utf8)
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
