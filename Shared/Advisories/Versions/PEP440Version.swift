/// Python's order: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]` (PEP 440, with its alternative spellings).
struct PEP440Version: Sendable {
    private let epoch: ArraySlice<UInt8>
    /// Without trailing zeros: `1.0` is `1`.
    private let release: [ArraySlice<UInt8>]
    private let pre: (rank: Int, number: ArraySlice<UInt8>)?
    private let post: ArraySlice<UInt8>?
    private let dev: ArraySlice<UInt8>?
    let local: [ArraySlice<UInt8>]

    /// The same without its local part.
    var `public`: PEP440Version { PEP440Version(self) }

    private init(_ other: PEP440Version) {
        epoch = other.epoch
        release = other.release
        pre = other.pre
        post = other.post
        dev = other.dev
        local = []
    }

    init(_ text: [UInt8]) throws(VersionFault) {
        var reader = Reader(text: text.map(\.lowercased))
        _ = reader.take("v")
        var number = try reader.number("does not start with a number")
        if reader.take("!") {
            epoch = Decimal.stripped(number)
            number = try reader.number("wants a number after !")
        } else {
            epoch = []
        }
        var release = [number]
        while reader.at("."), reader.byte(1)?.isDigit == true {
            reader.index += 1
            release.append(try reader.number("wants a number after ."))
        }
        while release.count > 1, release.last?.allSatisfy({ $0 == 0x30 }) == true { release.removeLast() }
        self.release = release.map(Decimal.stripped)
        pre = reader.preRelease()
        post = reader.postRelease()
        dev = reader.tagged(["dev"])?.number
        local = try reader.localPart()
        guard reader.index == reader.text.count else { throw VersionFault("is not a version of PEP 440") }
    }

    /// Equal for equal versions.
    var canonical: [UInt8] {
        var bytes = Array(epoch) + [UInt8(ascii: "!")] + Array(release.joined(separator: [UInt8(ascii: ".")]))
        if let pre { bytes += [UInt8(ascii: "p"), UInt8(pre.rank)] + pre.number }
        if let post { bytes += [UInt8(ascii: "r")] + post }
        if let dev { bytes += [UInt8(ascii: "d")] + dev }
        for part in local { bytes += [UInt8(ascii: "+")] + part }
        return bytes
    }

    func compare(_ other: PEP440Version) -> Int {
        let epochs = Decimal.compare(epoch, other.epoch)
        if epochs != 0 { return epochs }
        for index in 0..<max(release.count, other.release.count) {
            let left = index < release.count ? release[index] : []
            let right = index < other.release.count ? other.release[index] : []
            let difference = Decimal.compare(left, right)
            if difference != 0 { return difference }
        }
        let steps = [
            preRank - other.preRank,
            Decimal.compare(pre?.number ?? [], other.pre?.number ?? []),
            (post == nil ? 0 : 1) - (other.post == nil ? 0 : 1),
            Decimal.compare(post ?? [], other.post ?? []),
            (dev == nil ? 1 : 0) - (other.dev == nil ? 1 : 0),
            Decimal.compare(dev ?? [], other.dev ?? []),
        ]
        return steps.first { $0 != 0 } ?? Self.compareLocal(local, other.local)
    }

    /// `1.0.dev1` sorts before `1.0a1`; a version without a pre-release after all of them.
    private var preRank: Int {
        if let pre { return pre.rank }
        return post == nil && dev != nil ? -1 : 3
    }

    private static func compareLocal(_ left: [ArraySlice<UInt8>], _ right: [ArraySlice<UInt8>]) -> Int {
        for (one, other) in zip(left, right) {
            let numbers = (one.allSatisfy(\.isDigit), other.allSatisfy(\.isDigit))
            if numbers.0 != numbers.1 { return numbers.0 ? 1 : -1 }
            let difference = numbers.0 ? Decimal.compare(one, other) : Bytes.compare(one, other)
            if difference != 0 { return difference }
        }
        return left.count - right.count
    }
}

/// Reads the parts of a version of PEP 440 one after the other.
private struct Reader {
    let text: [UInt8]
    var index = 0

    func byte(_ offset: Int) -> UInt8? { index + offset < text.count ? text[index + offset] : nil }
    func at(_ word: StaticString) -> Bool { matches(word, at: index) }

    private func matches(_ word: StaticString, at start: Int) -> Bool {
        let count = word.utf8CodeUnitCount
        guard start + count <= text.count else { return false }
        return (0..<count).allSatisfy { text[start + $0] == word.utf8Start[$0] }
    }

    mutating func take(_ word: StaticString) -> Bool {
        guard at(word) else { return false }
        index += word.utf8CodeUnitCount
        return true
    }

    mutating func digits() -> ArraySlice<UInt8> {
        let start = index
        while index < text.count, text[index].isDigit { index += 1 }
        return text[start..<index]
    }

    mutating func number(_ fault: String) throws(VersionFault) -> ArraySlice<UInt8> {
        let run = digits()
        guard !run.isEmpty else { throw VersionFault(fault) }
        return run
    }

    private static func isSeparator(_ byte: UInt8?) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    /// `[-_.]?word[-_.]?N?`; without a number it is 0.
    mutating func tagged(_ words: [StaticString]) -> (word: Int, number: ArraySlice<UInt8>)? {
        let start = index
        if Self.isSeparator(byte(0)) { index += 1 }
        guard let word = words.firstIndex(where: { at($0) }) else {
            index = start
            return nil
        }
        index += words[word].utf8CodeUnitCount
        if Self.isSeparator(byte(0)), byte(1)?.isDigit == true { index += 1 }
        return (word, Decimal.stripped(digits()))
    }

    mutating func preRelease() -> (rank: Int, number: ArraySlice<UInt8>)? {
        let ranks = [0, 1, 2, 2, 2, 0, 1, 2]
        guard let found = tagged(["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"]) else { return nil }
        return (ranks[found.word], found.number)
    }

    mutating func postRelease() -> ArraySlice<UInt8>? {
        if at("-"), byte(1)?.isDigit == true {
            index += 1
            return Decimal.stripped(digits())
        }
        return tagged(["post", "rev", "r"])?.number
    }

    mutating func localPart() throws(VersionFault) -> [ArraySlice<UInt8>] {
        guard take("+") else { return [] }
        var parts: [ArraySlice<UInt8>] = []
        repeat {
            let start = index
            while let next = byte(0), next.isDigit || next.isLetter { index += 1 }
            guard index > start else { throw VersionFault("has an empty local part") }
            parts.append(text[start..<index])
            guard Self.isSeparator(byte(0)) else { break }
            index += 1
        } while true
        return parts
    }
}
