/// Debian's order: `[epoch:]upstream[-revision]` (deb-version(7); dpkg's `parseversion` and `verrevcmp`).
///
/// `~` sorts before everything, even the end; letters before other signs; digits by number.
struct DpkgVersion: Sendable {
    let epoch: UInt32
    private let upstream: ArraySlice<UInt8>
    private let revision: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) throws(VersionFault) {
        var rest = bytes[...]
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            let digits = rest[..<colon]
            guard !digits.isEmpty, digits.allSatisfy(\.isDigit), digits.count <= 9 else {
                throw VersionFault("the epoch is not a number of 1 to 9 digits")
            }
            epoch = digits.reduce(0) { $0 * 10 + UInt32($1 - 0x30) }
            rest = rest[(colon + 1)...]
        } else {
            epoch = 0
        }
        if let dash = rest.lastIndex(of: UInt8(ascii: "-")) {
            revision = rest[(dash + 1)...]
            upstream = rest[..<dash]
            guard !revision.isEmpty else { throw VersionFault("the revision after - is empty") }
        } else {
            revision = []
            upstream = rest
        }
        guard !upstream.isEmpty else { throw VersionFault("has no upstream version") }
        guard upstream.allSatisfy({ Self.isLegal($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") }),
            revision.allSatisfy(Self.isLegal)
        else { throw VersionFault("holds a character that Debian versions do not have") }
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "~")
    }

    func compare(_ other: DpkgVersion) -> Int {
        if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
        let upstreams = Self.compare(upstream, other.upstream)
        return upstreams != 0 ? upstreams : Self.compare(revision, other.revision)
    }

    private static func compare(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        var one = left.startIndex
        var other = right.startIndex
        while one < left.endIndex || other < right.endIndex {
            while (one < left.endIndex && !left[one].isDigit) || (other < right.endIndex && !right[other].isDigit) {
                let difference = weight(left, one) - weight(right, other)
                if difference != 0 { return difference }
                one += 1
                other += 1
            }
            let oneEnd = left[min(one, left.endIndex)...].firstIndex { !$0.isDigit } ?? left.endIndex
            let otherEnd = right[min(other, right.endIndex)...].firstIndex { !$0.isDigit } ?? right.endIndex
            let numbers = Decimal.compare(left[min(one, oneEnd)..<oneEnd], right[min(other, otherEnd)..<otherEnd])
            if numbers != 0 { return numbers }
            one = oneEnd
            other = otherEnd
        }
        return 0
    }

    private static func weight(_ bytes: ArraySlice<UInt8>, _ index: Int) -> Int {
        guard index < bytes.endIndex else { return 0 }
        let byte = bytes[index]
        if byte.isDigit { return 0 }
        if byte.isLetter { return Int(byte) }
        return byte == UInt8(ascii: "~") ? -1 : Int(byte) + 256
    }
}
