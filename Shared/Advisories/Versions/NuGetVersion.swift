/// NuGet's order: up to four numbers, then a pre-release part as in SemVer 2, without case. `1.0` is `1.0.0.0`.
struct NuGetVersion: Sendable {
    private let numbers: [ArraySlice<UInt8>]
    private let preRelease: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) throws(VersionFault) {
        let core = bytes.map(\.lowercased).prefix { $0 != UInt8(ascii: "+") }
        let dash = core.firstIndex(of: UInt8(ascii: "-"))
        let numbers = core[..<(dash ?? core.endIndex)].split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...4).contains(numbers.count), numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDigit) }) else {
            throw VersionFault("does not start with one to four numbers")
        }
        self.numbers = numbers.map(Decimal.stripped)
        preRelease =
            dash.map { core[($0 + 1)...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) } ?? []
        let isLegal: (UInt8) -> Bool = { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
        guard preRelease.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isLegal) }) else {
            throw VersionFault("has a bad pre-release part")
        }
    }

    func compare(_ other: NuGetVersion) -> Int {
        for index in 0..<4 {
            let left = index < numbers.count ? numbers[index] : []
            let right = index < other.numbers.count ? other.numbers[index] : []
            let difference = Decimal.compare(left, right)
            if difference != 0 { return difference }
        }
        return SemanticVersion.compare(preRelease, other.preRelease)
    }
}
