/// rpm's order: `[epoch:]version[-release]`, each compared by `rpmvercmp`.
///
/// Runs of digits and runs of letters, digits above letters; `~` sorts below everything, `^` above the bare version but
/// below any further part; other signs only separate. An absent epoch is 0.
struct RpmVersion: Sendable {
    let epoch: UInt32?
    private let version: ArraySlice<UInt8>
    private let release: ArraySlice<UInt8>?

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
            epoch = nil
        }
        if let dash = rest.lastIndex(of: UInt8(ascii: "-")) {
            version = rest[..<dash]
            release = rest[(dash + 1)...]
        } else {
            version = rest
            release = nil
        }
        guard !version.isEmpty, release?.isEmpty != true else { throw VersionFault("has an empty version or release") }
        guard rest.allSatisfy(Self.isLegal) else {
            throw VersionFault("holds a character that rpm versions do not have")
        }
    }

    private init(epoch: UInt32?, version: ArraySlice<UInt8>, release: ArraySlice<UInt8>?) {
        self.epoch = epoch
        self.version = version
        self.release = release
    }

    func withEpoch(of other: RpmVersion) -> RpmVersion {
        RpmVersion(epoch: other.epoch, version: version, release: release)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter
            || [
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "%"), UInt8(ascii: "~"),
                UInt8(ascii: "^"), UInt8(ascii: "-"),
            ].contains(byte)
    }

    func compare(_ other: RpmVersion) -> Int {
        let epochs = (epoch ?? 0, other.epoch ?? 0)
        if epochs.0 != epochs.1 { return epochs.0 < epochs.1 ? -1 : 1 }
        let versions = Self.compare(version, other.version)
        if versions != 0 { return versions }
        return switch (release, other.release) {
        case (nil, nil): 0
        case (nil, _): -1
        case (_, nil): 1
        case (let left?, let right?): Self.compare(left, right)
        }
    }

    static func compare(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        var one = left
        var other = right
        let tilde = UInt8(ascii: "~")
        let caret = UInt8(ascii: "^")
        while true {
            one = one.drop { !$0.isDigit && !$0.isLetter && $0 != tilde && $0 != caret }
            other = other.drop { !$0.isDigit && !$0.isLetter && $0 != tilde && $0 != caret }
            if one.first == tilde || other.first == tilde {
                if one.first != tilde { return 1 }
                if other.first != tilde { return -1 }
                (one, other) = (one.dropFirst(), other.dropFirst())
                continue
            }
            if one.first == caret || other.first == caret {
                if one.isEmpty { return -1 }
                if other.isEmpty { return 1 }
                if one.first != caret { return 1 }
                if other.first != caret { return -1 }
                (one, other) = (one.dropFirst(), other.dropFirst())
                continue
            }
            guard let first = one.first, let second = other.first else {
                return one.count.signum() - other.count.signum()
            }
            guard first.isDigit == second.isDigit else { return first.isDigit ? 1 : -1 }
            let kind: (UInt8) -> Bool = first.isDigit ? { $0.isDigit } : { $0.isLetter }
            let (oneRun, otherRun) = (one.prefix(while: kind), other.prefix(while: kind))
            let difference = first.isDigit ? Decimal.compare(oneRun, otherRun) : Bytes.compare(oneRun, otherRun)
            if difference != 0 { return difference }
            (one, other) = (one[oneRun.endIndex...], other[otherRun.endIndex...])
        }
    }
}
