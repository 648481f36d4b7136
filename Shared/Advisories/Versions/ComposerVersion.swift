/// Composer's order: up to four numbers, then a stability, `dev < alpha < beta < RC < (none) < patch`, with a number.
///
/// Branches (`dev-main`, `2.x-dev`) have no place in the order: they cannot be read.
struct ComposerVersion: Sendable {
    private static let stabilities: [(name: [UInt8], rank: Int)] = [
        ("stable", 3), ("alpha", 0), ("beta", 1), ("patch", 4), ("dev", -1), ("rc", 2), ("pl", 4), ("a", 0), ("b", 1),
        ("p", 4),
    ].map { (Array($0.0.utf8), $0.1) }

    private let numbers: [ArraySlice<UInt8>]
    private let rank: Int
    private let number: [ArraySlice<UInt8>]
    private let isDev: Bool

    init(_ text: [UInt8]) throws(VersionFault) {
        var rest = text.map(\.lowercased).prefix { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "@") }
        if rest.first == UInt8(ascii: "v") { rest = rest.dropFirst() }
        var numbers: [ArraySlice<UInt8>] = []
        repeat {
            let run = rest.prefix(while: \.isDigit)
            guard !run.isEmpty else { throw VersionFault("is a branch or does not start with a number") }
            numbers.append(Decimal.stripped(run))
            rest = rest[run.endIndex...]
            guard rest.first == UInt8(ascii: "."), rest.dropFirst().first?.isDigit == true else { break }
            rest = rest.dropFirst()
        } while true
        guard numbers.count <= 4 else { throw VersionFault("has more than four numbers") }
        self.numbers = numbers
        var stability: (rank: Int, number: [ArraySlice<UInt8>]) = (3, [])
        var isDev = false
        if let found = try Self.stability(&rest) {
            if found.rank == -1 { isDev = true } else { stability = found }
        }
        if !isDev, try Self.stability(&rest).map({ $0.rank == -1 }) == true { isDev = true }
        guard rest.isEmpty else { throw VersionFault("holds something that versions of Composer do not have") }
        rank = isDev && stability.rank == 3 ? -1 : stability.rank
        number = stability.number
        self.isDev = isDev
    }

    private static func stability(
        _ rest: inout ArraySlice<UInt8>
    ) throws(VersionFault) -> (rank: Int, number: [ArraySlice<UInt8>])? {
        guard !rest.isEmpty else { return nil }
        var tail = rest
        if [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(tail[tail.startIndex]) {
            tail = tail.dropFirst()
        }
        guard let found = stabilities.first(where: { tail.starts(with: $0.name) }) else {
            throw VersionFault("has an unknown stability")
        }
        tail = tail.dropFirst(found.name.count)
        if tail.first == UInt8(ascii: ".") || tail.first == UInt8(ascii: "-"), tail.dropFirst().first?.isDigit == true {
            tail = tail.dropFirst()
        }
        var numbers: [ArraySlice<UInt8>] = []
        while tail.first?.isDigit == true {
            let run = tail.prefix(while: \.isDigit)
            numbers.append(Decimal.stripped(run))
            tail = tail[run.endIndex...]
            if tail.first == UInt8(ascii: "."), tail.dropFirst().first?.isDigit == true { tail = tail.dropFirst() }
        }
        rest = tail
        return (found.rank, numbers)
    }

    func compare(_ other: ComposerVersion) -> Int {
        let difference = Self.compare(numbers, other.numbers)
        if difference != 0 { return difference }
        if rank != other.rank { return rank - other.rank }
        let numbered = Self.compare(number, other.number)
        return numbered != 0 ? numbered : (isDev ? 0 : 1) - (other.isDev ? 0 : 1)
    }

    private static func compare(_ left: [ArraySlice<UInt8>], _ right: [ArraySlice<UInt8>]) -> Int {
        for index in 0..<max(left.count, right.count) {
            let difference = Decimal.compare(
                index < left.count ? left[index] : [], index < right.count ? right[index] : [])
            if difference != 0 { return difference }
        }
        return 0
    }
}
